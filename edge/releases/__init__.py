"""Releases of bundles and configurations: replaced as a whole, tried, and rolled back if they fail."""

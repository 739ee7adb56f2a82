"""Updates that are swapped in whole, tried, and taken back when they fail: bundles and configurations alike."""

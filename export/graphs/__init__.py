"""Torch modules whose weights come from elsewhere, ready to be traced."""

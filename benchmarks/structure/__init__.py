"""Measures of how the code is built, for its readers."""

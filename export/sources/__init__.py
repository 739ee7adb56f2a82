"""Reads foreign weight files."""

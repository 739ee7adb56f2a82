"""Evaluates the box on labelled recordings."""

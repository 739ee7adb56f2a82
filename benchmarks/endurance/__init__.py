"""Runs a box for hours with injected faults: its camera, its broker, the faults, the samples and the page."""

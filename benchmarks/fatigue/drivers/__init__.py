"""Simulated drivers: what the camera would measure of them, and what the box makes of it."""

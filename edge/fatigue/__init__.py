"""Baseline, PERCLOS, closures, blinks, yawns, nods, and one pure policy."""

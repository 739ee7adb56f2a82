"""Helping to aim the camera: the live picture in memory, what of it holds, and which way to turn it."""

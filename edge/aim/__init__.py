"""Camera aiming: the live view in memory, the conditions for a good view, and which way to turn the camera."""

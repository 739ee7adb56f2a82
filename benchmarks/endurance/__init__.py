"""A box under hours of work and trouble: its camera, its faults, what is sampled of it, and the page about it."""

"""Drivers who look away, in every way that the rules ask about, as the camera would measure them."""

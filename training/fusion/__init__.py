"""Fusion of text, audio and vision: models, their losses, training and figures."""

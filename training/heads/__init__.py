"""Small heads on frozen encoders."""

"""Attacks on the box, and what each of its commands writes and connects to."""

"""Learns what the box needs, with the features that the box computes."""

"""Aligning the modalities, fusion and emotion words."""

"""Affect: aligning the modalities, fusion, group windows, change detection and the labels of scores."""

"""Data sets of clips as feature files, computed by the perception stages of the box, for training a fusion model."""

"""Data sets of clips as what the box sees and hears of them: files to train a fusion model on."""

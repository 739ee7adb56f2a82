"""Model cards: the manifest's description of each model, for people and for machines."""

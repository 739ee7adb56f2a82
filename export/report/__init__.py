"""Model cards: what a bundle's manifest says of each model, for people and for machines."""

"""Speech recognition: a Conformer-CTC trained on the features of the box."""

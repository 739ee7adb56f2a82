"""Task metrics: one module per role, computed by the code of the box on sessions of any variant."""

"""One module a role: its task metric, computed by the code of the box on sessions of any variant."""

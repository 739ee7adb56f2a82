"""The commands of export; each loads its heavy libraries when it is called."""

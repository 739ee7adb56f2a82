"""A machine with real systemd, in a container of this one's kernel."""

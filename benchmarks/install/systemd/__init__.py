"""The installed box under a real systemd, in a container on this kernel."""

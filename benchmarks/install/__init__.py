"""Whether the box installs and runs on a fresh machine, under systemd, and on a 64-bit ARM."""

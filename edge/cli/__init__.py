"""The command emvas: one file a command."""

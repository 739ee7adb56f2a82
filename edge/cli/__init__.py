"""The command `emvas`: one module for each command or group of commands."""

"""What `emvas diagnose` gathers, and the archive it puts it into."""

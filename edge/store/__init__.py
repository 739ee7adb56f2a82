"""The timeline on disk."""

"""The stages wired together; the live and the replay runner."""

"""The outbox on disk, the sender that empties it, and the latest message of each retained topic."""

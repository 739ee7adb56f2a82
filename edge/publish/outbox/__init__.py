"""What waits for the broker: the outbox on disk, the sender that empties it, and the latest message of each topic."""

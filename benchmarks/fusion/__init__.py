"""Whether the fusion models trace, learn, and fit into memory."""

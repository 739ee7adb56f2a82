"""The connection to the broker: the client, its events, its errors in words, and the flow control."""

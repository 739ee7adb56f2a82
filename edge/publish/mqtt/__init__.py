"""The connection to the broker: the client, its events, its errors as sentences, and the flow control."""

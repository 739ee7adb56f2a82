"""The stages connected: the live box and the replay, supervision, health."""

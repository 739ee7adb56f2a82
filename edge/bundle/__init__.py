"""The bundle of models: manifest, hashes, sessions, golden self-test, installation."""

"""The models' artefact: manifest, checksums, sessions with the provider that really ran, the golden self-test."""

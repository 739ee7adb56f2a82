"""Is a graph ready for TensorRT: a linter, the shapes of its profile, and a real parse and build."""

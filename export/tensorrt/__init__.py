"""Readiness for TensorRT: a linter, profiles of shapes, and a real parse and build."""

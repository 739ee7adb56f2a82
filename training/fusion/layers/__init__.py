"""Layers that several fusion models share; each traces to ONNX without loops or branches."""

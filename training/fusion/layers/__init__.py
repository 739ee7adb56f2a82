"""Parts that several fusion models are made of; each traces to ONNX without loops or branches."""

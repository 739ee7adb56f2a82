"""Converts trained models into proven ONNX graphs and packs them into a bundle."""

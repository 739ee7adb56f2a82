"""Converts trained models into proven ONNX graphs and packs them into a bundle."""

from edge.process import disable_telemetry

disable_telemetry()

"""Reference detector: ONNX Runtime behind the two detector contracts."""

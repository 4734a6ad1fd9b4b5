"""Measurements: `python -m benchmarks.<name>` prints one JSON object as its last line."""

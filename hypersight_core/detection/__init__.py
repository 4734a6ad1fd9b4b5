"""The detectors' HTTP contracts and their client."""

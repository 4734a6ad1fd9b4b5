"""Cameras as operators see them: how each fares, what is wrong, and who is told."""

"""Metrics over HTTP: traffic, persons present, events; each with its coverage."""

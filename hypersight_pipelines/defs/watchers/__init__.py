"""Watchers: one run per camera that wants watching, and the sensor that keeps it so."""

"""Recorded films: counted like live streams, and compared with people who counted."""

"""Counters compared with people who counted."""

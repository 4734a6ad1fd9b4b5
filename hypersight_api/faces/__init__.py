"""Faces in view, passed on live and never stored."""

"""Faces to the websocket hub: realtime, never stored."""

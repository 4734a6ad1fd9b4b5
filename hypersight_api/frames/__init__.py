"""Pictures: one frame on demand, the latest frame, and the preview."""

"""Calculations on a camera: one class and one registration each."""

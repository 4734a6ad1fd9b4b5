"""Processors over HTTP."""

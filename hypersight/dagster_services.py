"""Dagster in the local stack: one code server, the daemon and the UI, all over the same database."""

"""The loop that watches one camera; no Dagster in it."""

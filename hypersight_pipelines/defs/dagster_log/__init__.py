"""Dagster's own memory of what happened, which grows for ever unless somebody tidies it."""

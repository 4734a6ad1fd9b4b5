"""Upkeep of the database: rollups, partitions, columnstore, retention."""

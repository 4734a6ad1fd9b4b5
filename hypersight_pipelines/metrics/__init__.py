"""The second code location: dbt models and exported files, which take libraries that watchers do without."""

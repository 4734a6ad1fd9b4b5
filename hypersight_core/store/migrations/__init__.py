"""Steps from one schema to the next, applied by `hypersight_core.store.schema.upgrade`."""

"""PostgreSQL/TimescaleDB: tables, queries, migrations, leases, spool. Nothing else speaks SQL."""

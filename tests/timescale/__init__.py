"""TimescaleDB for tests, without Docker: its WebAssembly build behind a bridge of our own."""

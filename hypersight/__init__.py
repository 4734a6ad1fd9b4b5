"""The command line and the local stack: `demo`, `up`, camera simulator, embedded database."""

"""How runs become processes: watchers are forked from one preloaded process, the nursery."""

"""Where people were, over HTTP."""

"""Times in which cameras should have been watched and were not."""

"""What operators need beside the watchers: telling people of outages, writing what was left on disk."""

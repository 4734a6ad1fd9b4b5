"""Who may use this server, and what they did."""

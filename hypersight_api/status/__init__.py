"""What every camera is doing, as facts and in words."""

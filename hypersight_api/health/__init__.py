"""What machines ask: alive, ready, Prometheus."""

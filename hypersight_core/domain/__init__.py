"""What counting means: pure rules over numbers, without I/O, clock or randomness."""

"""Code that shows how to extend hypersight; run by the tests."""

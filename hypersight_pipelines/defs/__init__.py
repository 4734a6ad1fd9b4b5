"""Everything the code location offers, a folder per subject."""

"""The calls that exist in the field, kept byte for byte."""

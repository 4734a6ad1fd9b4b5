"""Frames with trustworthy times from streams and files. Nothing else imports `av`."""

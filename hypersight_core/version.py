"""The version of hypersight; the build reads it here, and so do images that install nothing of ours."""

VERSION = "0.1.0"

"""Health check of containers: `python deploy/healthy.py URL` ends with 0 when the URL answers."""

import sys
import urllib.error
import urllib.request

WITHIN_S = 3


def main(url: str) -> int:
    """Ask once."""
    try:
        with urllib.request.urlopen(url, timeout=WITHIN_S) as answer:  # noqa: S310 - our own address
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError) as error:
        sys.stderr.write(f"{url}: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""How much load one machine takes: cameras writing to the database, and viewers of faces at the API.

    python -m benchmarks.load --cameras 150 --segment 2 --seconds 60
    python -m benchmarks.load --cameras 150 --segment 0.25 --seconds 60    (eight times the work of each)
    python -m benchmarks.load --viewers 2000 --frames 2 --seconds 30

Load and loaded share the machine; the CPU time of each is told apart. The last line is one JSON object.
"""

import argparse
import json
import os

from benchmarks import load_viewers, load_writers
from benchmarks.storage import database


def main() -> None:
    """Run what was asked for; the last line printed is the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cameras", type=int, default=0, help="that write, each on a connection of its own")
    parser.add_argument("--segment", type=float, default=2.0, help="seconds from one record to the next")
    parser.add_argument(
        "--passing-every", type=float, default=30.0, help="seconds between persons of a camera"
    )
    parser.add_argument("--viewers", type=int, default=0, help="clients of the faces websocket")
    parser.add_argument(
        "--frames", type=float, default=2.0, help="frames with faces a second, to every viewer"
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--server", help="URL of a server on this machine on which to make the database")
    asked = parser.parse_args()
    found = {}
    with database(asked.server) as url:
        if asked.cameras:
            found["writers"] = load_writers.measure(
                url, asked.cameras, asked.seconds, asked.segment, asked.passing_every
            )
        if asked.viewers:
            found["viewers"] = load_viewers.measure(url, asked.viewers, asked.frames, asked.seconds)
    print(json.dumps(found | {"load": round(os.getloadavg()[0], 1)}))


if __name__ == "__main__":
    main()

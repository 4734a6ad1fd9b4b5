"""The first process of a container, as `init: true` has it: `python init.py COMMAND …`.

It starts the command, hands signals on to it, takes off the table what ended, and ends when the command does.
With it ends everything else in the container: the kernel sees to that.
"""

import os
import signal
import sys

HANDED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
KILLED = 128
"""Plus the signal: the exit code of a container whose command a signal ended."""


def main(command: list[str]) -> int:
    """Run the command; return its exit code."""
    child = os.fork()
    if not child:
        os.execvp(command[0], command)  # noqa: S606
    for number in HANDED_ON:
        signal.signal(number, lambda received, _: os.kill(child, received))
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else KILLED - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Processes whose parent was killed: adopted, so that they can be told to end and are taken off the table."""

import ctypes
import os
from collections.abc import Collection

PR_SET_CHILD_SUBREAPER = 36

_LIBC = ctypes.CDLL(None)


def adopt() -> None:
    """From now on be the parent of every descendant whose own parent ends."""
    _LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)


def collect(known: Collection[int]) -> None:
    """Take ended children off the process table, except `known` ones, whose end is asked for elsewhere."""
    peek = os.WEXITED | os.WNOHANG | os.WNOWAIT
    try:
        while (ended := os.waitid(os.P_ALL, 0, peek)) is not None and ended.si_pid not in known:
            os.waitpid(ended.si_pid, 0)
    except ChildProcessError:  # there is no child at all
        return

"""The process that watchers are forked from: `python -m hypersight_pipelines.launching.nursery SOCKET`.

It has loaded what every watcher needs, has one thread and does no work of its own: a child shares its
memory and begins at once. Children live on when it ends; the lease decides who may watch, not this process.
"""

import gc
import logging
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from hypersight_core.errors import SetupFailed
from hypersight_core.logs import configure
from hypersight_core.settings import Settings
from hypersight_core.store.process_identity import ProcessName, is_gone, send_signal
from hypersight_pipelines.launching.calls import Answer, Fork, Interrupt, Request, listener, read_line

logger = logging.getLogger(__name__)

READ_WITHIN_S = 2.0
ENDS_REMEMBERED = 1000
OWN_NAME = Path("/proc/self/comm")
OURS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


class Nursery:
    """Answers `calls` at a socket until it is told to end.

    Args:
        begin: what a child does; returns its exit code.
    """

    def __init__(self, listening: socket.socket, begin: Callable[[Fork], int]) -> None:
        self._listening, self._begin = listening, begin
        self._woken, self._waker = socket.socketpair()
        self._children: dict[int, ProcessName] = {}
        self._ended: dict[ProcessName, int] = {}
        self._is_ending = False

    def serve(self) -> None:
        """Answer until SIGTERM or SIGINT; collect children as they end."""
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno())
        for number in OURS:
            signal.signal(number, self._noted)
        while not self._is_ending:
            ready, _, _ = select.select([self._listening, self._woken], [], [])
            if self._woken in ready:
                self._woken.recv(4096)
                self._collect()
            if self._listening in ready:
                self._answer_next()

    def _noted(self, number: int, _frame: object) -> None:
        self._is_ending = self._is_ending or number != signal.SIGCHLD

    def _answer_next(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            connection.settimeout(READ_WITHIN_S)
            try:
                if line := read_line(connection):
                    request: Request = msgspec.json.decode(line, type=Request)
                    connection.sendall(msgspec.json.encode(self._answer(request, connection)) + b"\n")
            except (OSError, msgspec.DecodeError) as error:
                logger.warning("call not answered", extra={"reason": str(error)})

    def _answer(self, request: Request, connection: socket.socket) -> Answer:
        if isinstance(request, Fork):
            return Answer(process=self._forked(request, connection), is_running=True)
        process = request.process
        if isinstance(request, Interrupt):
            return Answer(process=process, is_running=send_signal(process, signal.SIGINT))
        is_running = not is_gone(process)  # first: what ends before the next line is collected by it
        self._collect()
        return Answer(process=process, is_running=is_running, exit_code=self._ended.get(process))

    def _forked(self, request: Fork, connection: socket.socket) -> ProcessName:
        pid = os.fork()
        if pid == 0:
            connection.close()
            self._become(request)
        self._children[pid] = ProcessName.of(pid)
        return self._children[pid]

    def _become(self, request: Fork) -> None:
        """Be the run from here on, with nothing of the nursery left open; never returns."""
        code = 1
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            for number in OURS:
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for inherited in (self._listening, self._woken, self._waker):
                inherited.close()
            OWN_NAME.write_text(request.title[:15])
            logging.getLogger().handlers.clear()  # a watcher has a log file of its own
            gc.enable()
            code = self._begin(request)
        except BaseException:
            logger.exception("run ended by an error of its own")
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)  # no exit handlers: what hangs in a thread must not keep the process

    def _collect(self) -> None:
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._ended[self._children.pop(pid)] = os.waitstatus_to_exitcode(status)
        while len(self._ended) > ENDS_REMEMBERED:
            del self._ended[next(iter(self._ended))]


def only_thread() -> None:
    """Refuse to go on beside other threads, native ones too: a fork would copy their locks, not them.

    Raises:
        SetupFailed: there are some.
    """
    count = sum(1 for _ in Path("/proc/self/task").iterdir())
    if count > 1:
        raise SetupFailed(
            f"{count} threads in the process that forks watchers",
            hint="set HYPERSIGHT_FORK_WATCHERS=false and report this",
        )


def main(socket_path: Path) -> None:
    """Load everything, listen, and serve until told to end."""
    gc.disable()  # a collection would write to, and so copy, what the children share
    configure("INFO")
    # Imported here and not above: garbage of the imports must not be collected.
    from hypersight_pipelines.launching.rehearsal import rehearsed

    settings = Settings.from_environ(os.environ)  # noqa: TID251 - an entry point
    with rehearsed(settings) as run:
        only_thread()
        gc.collect()
        gc.freeze()
        nursery = Nursery(listener(socket_path), run)
        logger.info("ready to fork", extra={"socket": str(socket_path)})
        nursery.serve()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

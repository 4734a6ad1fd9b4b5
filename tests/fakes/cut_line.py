"""A line to a server that may be cut: bytes go both ways until so many have come back."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class CutLine:
    """Listens on a free loopback port; use it as a context manager."""

    def __init__(self, port: int) -> None:
        self.cut_after: int | None = None
        """Bytes of answers that come through before the line is cut; None: all."""
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            threading.Thread(target=_pass_on, args=(client, server, None), daemon=True).start()
            threading.Thread(target=_pass_on, args=(server, client, self.cut_after), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket, left: int | None) -> None:
    with contextlib.suppress(OSError):
        while block := source.recv(65536 if left is None else min(left, 65536)):
            target.sendall(block)
            if left is not None:
                left -= len(block)
                if left == 0:
                    break
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()

"""One live line per camera in the terminal, from the API as any client sees it."""

import time
from collections.abc import Callable
from typing import Any

import httpx
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

EVERY_S = 1.0
PLAIN_EVERY_S = 10.0
"""Where the output is no terminal: a line per camera this often, so that a log stays readable."""
TIMEOUT_S = 3.0


class LiveLines:
    """Asks the API again and again and shows what it says."""

    def __init__(self, api_url: str, api_token: str, console: Console) -> None:
        headers = {"authorization": f"Bearer {api_token}"} if api_token else {}
        self._http = httpx.Client(base_url=api_url, headers=headers, timeout=TIMEOUT_S, trust_env=False)
        self._console = console

    def run(self, seconds: float | None, each_round: Callable[[], None]) -> None:
        """Show the cameras until `seconds` are over (None: for ever); KeyboardInterrupt passes through.

        Args:
            each_round: called about once a second.
        """
        end_s = None if seconds is None else time.monotonic() + seconds
        with self._http:
            if self._console.is_terminal:
                with Live(console=self._console, refresh_per_second=4) as live:
                    self._rounds(end_s, each_round, lambda lines: live.update(_table(lines)), EVERY_S)
            else:
                self._rounds(end_s, each_round, self._print, PLAIN_EVERY_S)

    def _rounds(
        self,
        end_s: float | None,
        each_round: Callable[[], None],
        show: Callable[[list[str]], None],
        show_every_s: float,
    ) -> None:
        due_s = 0.0
        while end_s is None or time.monotonic() < end_s:
            each_round()
            if time.monotonic() >= due_s:
                show(self.lines())
                due_s = time.monotonic() + show_every_s
            time.sleep(EVERY_S)

    def lines(self) -> list[str]:
        """Return a line per camera, or one that says why there is none."""
        try:
            reply = self._http.get("/api/v1/status").raise_for_status()
            lines = [_line(camera) for camera in reply.json()["cameras"]]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            return [f"the API does not answer: {error}"]
        return lines or ["no cameras yet: hypersight camera add --help"]

    def _print(self, lines: list[str]) -> None:
        for line in lines:
            self._console.print(line, soft_wrap=True, markup=False)


def _table(lines: list[str]) -> Table:
    table = Table.grid()
    for line in lines:
        table.add_row(Text(line))
    return table


def _line(camera: dict[str, Any]) -> str:
    status = camera["status"]
    line = f"{status['camera_id']} {status['name']}: {status['text']}"
    if status["mood"] == "bad" and status["detail"]:
        line += f" ({status['detail']})"
    if not status["watching"]:
        return line
    return " · ".join([line, *(_figure(one) for one in camera["processors"] if one["enabled"])])


def _figure(processor: dict[str, Any]) -> str:
    return f"{processor['value_text']} {processor['caption']}".strip()

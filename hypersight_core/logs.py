"""Logging for entry points: one line a record, facts as `name=value`, no secret in any of them."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

from hypersight_core.redaction import redacted_text

LogFormat = Literal["text", "json"]

_USUAL = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class FactsFormatter(logging.Formatter):
    """`2026-01-01T12:00:00.000Z INFO hypersight_core.watcher: segment done | frames=8`."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record on one line (plus its traceback)."""
        facts = " ".join(f"{key}={value}" for key, value in _facts(record).items())
        line = f"{_at(record)} {record.levelname} {record.name}: {record.getMessage()}"
        if facts:
            line += f" | {facts}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return redacted_text(line)


class JsonFormatter(logging.Formatter):
    """`{"ts": "2026-01-01T12:00:00.000Z", "level": "INFO", "logger": …, "message": …, "frames": 8}`."""

    def __init__(self, **facts: object) -> None:
        super().__init__()
        self._facts = facts

    def format(self, record: logging.LogRecord) -> str:
        """Render one record as one JSON object on one line, its traceback as the field `traceback`."""
        said: dict[str, object] = {
            "ts": _at(record),
            "level": record.levelname,
            "logger": record.name,
            "message": redacted_text(record.getMessage()),
        }
        for name, value in (self._facts | _facts(record)).items():
            said[name] = value if isinstance(value, int | float | None) else redacted_text(str(value))
        if record.exc_info:
            said["traceback"] = redacted_text(self.formatException(record.exc_info))
        return json.dumps(said, ensure_ascii=False)


def formatter(log_format: LogFormat, **facts: object) -> logging.Formatter:
    """Return what renders records; `facts` (`camera_id=1`) are in every object; text leaves them out."""
    return JsonFormatter(**facts) if log_format == "json" else FactsFormatter()


def configure(level: str, log_format: LogFormat = "text") -> None:
    """Send everything from `level` up to standard error; call it once, in an entry point."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(log_format))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "hpack", "alembic.runtime.migration"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _facts(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _USUAL}

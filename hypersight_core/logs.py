"""Logging for entry points: one line a record, facts as `name=value`, no secret in any of them."""

import logging
import sys
from datetime import UTC, datetime

from hypersight_core.redaction import redacted_text

_USUAL = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class FactsFormatter(logging.Formatter):
    """`2026-01-01T12:00:00.000Z INFO hypersight_core.watcher: segment done | frames=8`."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record on one line (plus its traceback)."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6]
        facts = " ".join(f"{key}={value}" for key, value in vars(record).items() if key not in _USUAL)
        line = f"{at}Z {record.levelname} {record.name}: {record.getMessage()}"
        if facts:
            line += f" | {facts}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return redacted_text(line)


def configure(level: str) -> None:
    """Send everything from `level` up to standard error; call it once, in an entry point."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FactsFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "hpack", "alembic.runtime.migration"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

"""All configuration of every process: one frozen struct, one environment variable per field."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

from hypersight_core.errors import InvalidInput

PREFIX = "HYPERSIGHT_"
FIELD_NAMES = ("OBJECT_DETECTOR_URL", "FACE_DETECTOR_URL", "FACE_WS_PORT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Variables that exist in the field under these names; all others start with `HYPERSIGHT_`."""
FILE_SUFFIX = "_FILE"
SHORTEST_KEY = 32


def _variable(field: str) -> str:
    return field.upper() if field.upper() in FIELD_NAMES else PREFIX + field.upper()


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_variable):
    """Built once in an entry point and passed down; nothing below an entry point reads the environment."""

    database_url: str = ""
    """SQLAlchemy URL, `postgresql+psycopg://user:password@host:port/name`; empty: the embedded server."""
    database_password: str = ""
    """Goes into `database_url` and `database_read_url` where they hold none, so that they are no secrets."""
    database_read_url: str = ""
    """URL of a streaming replica that the API asks for metrics; empty: it asks the database itself."""
    object_detector_url: str = "http://127.0.0.1:8001/objects"
    """Where JPEG mosaics are posted to find persons; several addresses, parted by commas, take turns."""
    person_class: int = 0
    """Class of persons in the object detector's answers."""
    face_detector_url: str = "http://127.0.0.1:8001/faces"
    """Where JPEG crops of upper bodies are posted to find faces; several take turns."""
    detector_timeout_s: float = 10.0
    """Seconds to wait for one answer of a detector."""
    detector_max_calls: int = 32
    """Calls that all watchers of a machine make to one address of a detector at a time."""
    api_host: str = "127.0.0.1"
    """Address the API listens on; anything but loopback needs an API token."""
    api_port: int = 8000
    """Port of API, page and websocket."""
    face_ws_port: int = 6789
    """Port docker-compose publishes the faces websocket as, besides the API's own."""
    api_url: str = "http://127.0.0.1:8000"
    """Where watchers reach the API to broadcast faces."""
    analyst_password: str = ""
    """Password of the read-only database role `hypersight_analyst`; empty: `hypersight analyst` makes one."""
    secret_keys: str = ""
    """Keys that encrypt cameras' passwords, newest first, parted by spaces; empty: one made in `var`."""
    api_token: str = ""
    """Bearer token of API clients; required unless the API listens on loopback only."""
    page_url: str = ""
    """Where people reach the page; Dagster's runs and notifications link to it."""
    live_token: str = ""
    """Bearer token of watchers broadcasting faces; empty: broadcasting is refused."""
    metrics_token: str = ""
    """Bearer token that reads `/metrics` and nothing else, for Prometheus; empty: there is none."""
    redis_url: str = ""
    """Redis through which several API processes share faces, `redis://host:6379/0`; empty: one process."""
    api_workers: int = 1
    """Processes of the API on one port; more than one need Redis."""
    dagster_url: str = ""
    """Where people reach the Dagster UI; the page links to it."""
    dagster_port: int = 3000
    """Port of the Dagster UI in the local stack."""
    detector_port: int = 8001
    """Port of the reference detector in the local stack."""
    var_dir: Path = Path("var")
    """Spool, previews, snapshots, logs and the embedded database."""
    cache_dir: Path = Path("~/.cache/hypersight")
    """Downloads that any checkout can use again: footage, models, page libraries."""
    pg_bin: str = ""
    """Folder with `postgres` and `initdb` for the embedded server; empty: the PyPI wheel's."""
    notify_urls: str = ""
    """Addresses, parted by commas, that hear when a camera fails and when it is back: webhooks, `mqtt://`."""
    notify_after_s: float = 60.0
    """Seconds a camera must have failed until anybody is told."""
    notify_secret: str = ""
    """What webhooks are signed with (standardwebhooks.com); empty: they are not signed."""
    event_urls: str = ""
    """Addresses, parted by commas, that are told of all events: webhooks, `mqtt://`; empty: nobody is."""
    max_lag_s: float = 60.0
    """A watcher further behind the stream than this drops what it cannot analyse in time."""
    spool_max_mb: int = 256
    """Disk one camera's events may take while the database is away."""
    camera_hosts: str = ""
    """Hosts cameras may lead to, parted by commas: names, `*.names`, networks; empty: any but link-local."""
    media_dir: str = ""
    """Folder that `file://` streams must lie in; empty: `media` in `var`."""
    segments_dir: str = ""
    """Folder for segments too large for memory (over 2 MB), until analysed; empty: `segments` in `var`."""
    segments_max_mb: int = 512
    """Disk one camera's large segments may take."""
    events_kept_days: int = 0
    """Days events are kept one by one, their hourly and daily sums for ever; 0: events for ever too."""
    observations_kept_days: int = 0
    """Days observations are kept one by one, at least as long as events; 0: for ever."""
    heat_kept_days: int = 90
    """Days heat maps reach back: person-time by hour and cell of a coarse grid."""
    columnstore_after_days: int = 30
    """Age in days from which TimescaleDB keeps rows by column, ten times smaller."""
    export_url: str = ""
    """Folder or fsspec URL that Dagster writes a Parquet file a day to; empty: `export` in `var`."""
    fork_watchers: bool = True
    """Whether the local stack forks watchers from one preloaded process; else Dagster starts each afresh."""
    watcher_pods: str = ""
    """What watchers get on Kubernetes, rules as a JSON list (docs/KUBERNETES.md); empty: they are no pods."""
    otel_exporter_otlp_endpoint: str = ""
    """OpenTelemetry collector that hears where time goes, `http://collector:4318`; empty: no traces."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""
    log_format: Literal["text", "json"] = "text"
    """`text` for people, or `json`: an object a line, for log stores."""

    def __post_init__(self) -> None:
        if self.database_read_url and not self.database_url:
            raise ValueError(
                "HYPERSIGHT_DATABASE_READ_URL needs HYPERSIGHT_DATABASE_URL: whose replica is it?"
            )
        if self.person_class < 0:
            raise ValueError("HYPERSIGHT_PERSON_CLASS must not be negative")
        if self.detector_max_calls < 1:
            raise ValueError("HYPERSIGHT_DETECTOR_MAX_CALLS must be 1 or more")
        if self.api_workers < 1:
            raise ValueError("HYPERSIGHT_API_WORKERS must be 1 or more")
        if self.api_workers > 1 and not self.redis_url:
            raise ValueError(
                "several HYPERSIGHT_API_WORKERS share faces through Redis: set HYPERSIGHT_REDIS_URL"
            )
        if any(len(key) < SHORTEST_KEY for key in self.secret_keys.split()):
            raise ValueError(f"a key of HYPERSIGHT_SECRET_KEYS has {SHORTEST_KEY} characters or more")
        if self.notify_after_s < 0:
            raise ValueError("HYPERSIGHT_NOTIFY_AFTER_S must not be negative")
        self._check_days()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read the variables that are ours; empty ones count as unset.

        `NAME_FILE` names a file that holds the value of `NAME`, as secrets of containers are handed over.

        Raises:
            InvalidInput: a variable is malformed or unknown (usually a typo), or its file cannot be read.
        """
        ours = {
            name: value
            for name, value in environ.items()
            if value and (name.startswith(PREFIX) or name.removesuffix(FILE_SUFFIX) in FIELD_NAMES)
        }
        try:
            settings = msgspec.convert(_read_from_files(ours), cls, strict=False, dec_hook=_path)
        except msgspec.ValidationError as error:
            raise InvalidInput(f"bad configuration in the environment: {error}") from error
        return msgspec.structs.replace(
            settings,
            database_url=_with_password(settings.database_url, settings.database_password),
            database_read_url=_with_password(settings.database_read_url, settings.database_password),
            database_password="",
            var_dir=settings.var_dir.expanduser().absolute(),
            cache_dir=settings.cache_dir.expanduser().absolute(),
        )

    def _check_days(self) -> None:
        kept_days = (self.events_kept_days, self.observations_kept_days)
        if self.heat_kept_days < 1:
            raise ValueError("HYPERSIGHT_HEAT_KEPT_DAYS must be 1 or more")
        if min(*kept_days, self.columnstore_after_days) < 0:
            raise ValueError("numbers of days must not be negative; 0 keeps rows for ever")
        if 0 < self.observations_kept_days < (self.events_kept_days or float("inf")):
            raise ValueError("observations must be kept as long as events: presence is worked out from both")

    def environ(self) -> dict[str, str]:
        """Return the variables that make another process read these very settings."""
        return {
            field.encode_name: str(getattr(self, field.name)) for field in msgspec.structs.fields(type(self))
        }


def _read_from_files(ours: Mapping[str, str]) -> dict[str, str]:
    values = {name: value for name, value in ours.items() if not name.endswith(FILE_SUFFIX)}
    for name, path in ours.items():
        if name.endswith(FILE_SUFFIX):
            of = name.removesuffix(FILE_SUFFIX)
            if of in values:
                raise InvalidInput(f"bad configuration in the environment: both {of} and {name} are set")
            values[of] = _content(name, Path(path))
    return values


def _content(name: str, path: Path) -> str:
    try:
        return path.read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"bad configuration in the environment: {name}: {path} cannot be read ({error})"
        ) from error


def _with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    if not password or not user or ":" in user:
        return url
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


def _path(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(kind)

"""Passwords and headers of cameras where they lie, whoever wrote them."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from rich.console import Console

from hypersight.cli import build_app
from hypersight_core.errors import SetupFailed
from hypersight_core.sealing import Keyring
from hypersight_core.settings import Settings
from hypersight_core.store import cameras, schema
from hypersight_core.store.camera_secrets import seal_secrets
from hypersight_core.store.engine import Store
from tests.builders import camera_settings

OLD, NEW = "an-old-key-that-nobody-could-guess", "a-new-key-that-nobody-could-guess"
URL, HEADERS = "rtsp://user:hush@camera.invalid/live", {"X-Key": "hush"}
BY_SQL = """
INSERT INTO camera (name, stream_url, http_headers, watch_fps, watch_rows, watch_cols, time_zone, enabled)
VALUES ('door', 'rtsp://user:hush@camera.invalid/live', '{"X-Key": "hush"}', 5, 1, 1, 'UTC', true),
       ('plain', 'http://camera.invalid/live.m3u8', '{}', 5, 1, 1, 'UTC', true)"""


def command_line(database_url: str, var_dir: Path, *words: str, secret_keys: str = "") -> None:
    """Run `hypersight …` in this process."""
    settings = Settings(database_url=database_url, var_dir=var_dir, secret_keys=secret_keys)
    build_app(settings)(list(words), console=Console(), exit_on_error=False, result_action="return_value")


def text_of(store: Store) -> str:
    """Return all that the table holds."""
    with store.transaction() as tx:
        return str(
            tx.execute(sa.text("SELECT to_jsonb(camera) FROM camera ORDER BY camera_id")).scalars().all()
        )


def text_of_row(tx: sa.Connection) -> str:
    return str(tx.execute(sa.text("SELECT to_jsonb(camera) FROM camera")).scalar_one())


def opened(store: Store, keys: Keyring) -> tuple[str, dict[str, str]]:
    with store.transaction() as tx:
        found = keys.opened(cameras.get_camera(tx, 1))
    return found.stream_url, dict(found.http_headers)


@pytest.mark.needs_real_backends("Dagster makes its tables over a connection with a search path of its own")
def test_what_older_versions_stored_in_the_clear_is_encrypted_by_migrating(empty_database_url, tmp_path):
    store = Store(empty_database_url)
    with store.transaction() as tx:
        command.upgrade(schema.alembic_config(tx), "0006")
        tx.execute(sa.text(BY_SQL))
    for _ in range(2):
        command_line(empty_database_url, tmp_path, "migrate")
        assert "hush" not in text_of(store)
        assert opened(store, Keyring.of(Settings(var_dir=tmp_path))) == (URL, HEADERS)
    with store.transaction() as tx:
        assert cameras.get_camera(tx, 2).stream_url == "http://camera.invalid/live.m3u8"
    store.close()


def test_what_comes_by_sql_is_encrypted_at_the_next_look_and_is_no_edit(store):
    with store.transaction() as tx:
        tx.execute(sa.text(BY_SQL))
        edited = tx.execute(sa.text("SELECT camera_version, changed_at FROM camera ORDER BY 1")).all()
    keys = Keyring([NEW])
    with store.transaction() as tx:
        assert seal_secrets(tx, keys).written == 1
        assert seal_secrets(tx, keys).written == 0
        assert tx.execute(sa.text("SELECT camera_version, changed_at FROM camera ORDER BY 1")).all() == edited
    assert opened(store, keys) == (URL, HEADERS)


def test_an_address_changed_by_sql_holds_in_the_clear_and_encrypted(store):
    keys = Keyring([NEW])
    with store.transaction() as tx:
        cameras.create_camera(tx, keys.sealed(camera_settings(stream_url=URL)))
        tx.execute(sa.text("UPDATE camera SET stream_url = 'rtsp://user:other@camera.invalid/live'"))
    assert opened(store, keys)[0] == "rtsp://user:other@camera.invalid/live"
    with store.transaction() as tx:
        seal_secrets(tx, keys)
    assert "other" not in text_of(store)
    assert opened(store, keys)[0] == "rtsp://user:other@camera.invalid/live"


def test_encrypting_anew_lets_the_old_key_go(store, database_url, tmp_path):
    with store.transaction() as tx:
        cameras.create_camera(
            tx, Keyring([OLD]).sealed(camera_settings(stream_url=URL, http_headers=HEADERS))
        )
    command_line(database_url, tmp_path, "camera", "encrypt", secret_keys=f"{NEW} {OLD}")
    assert opened(store, Keyring([NEW])) == (URL, HEADERS)


def test_what_no_key_opens_is_named_and_stays_while_all_others_are_encrypted(store, database_url, tmp_path):
    with store.transaction() as tx:
        lost = cameras.create_camera(tx, Keyring([OLD]).sealed(camera_settings(name="lost", stream_url=URL)))
        cameras.create_camera(tx, camera_settings(name="clear", stream_url=URL))
    with pytest.raises(SetupFailed, match=r"camera 1 \(lost\)\n.*HYPERSIGHT_SECRET_KEYS"):
        command_line(database_url, tmp_path, "camera", "encrypt", secret_keys=NEW)
    with store.transaction() as tx:
        assert cameras.get_camera(tx, 1) == lost
        assert Keyring([NEW]).opened(cameras.get_camera(tx, 2)).stream_url == URL
    assert "hush" not in text_of(store)


def test_a_deleted_camera_keeps_no_secret_not_even_an_encrypted_one(store):
    keys = Keyring([NEW])
    with store.transaction() as tx:
        added = cameras.create_camera(tx, keys.sealed(camera_settings(stream_url=URL, http_headers=HEADERS)))
        assert "sealed" in text_of_row(tx)
        cameras.delete_camera(tx, added.camera_id)
        left = text_of_row(tx)
    assert "rtsp://camera.invalid/live" in left
    assert not any(secret in left for secret in ("sealed", "hush", "user", "X-Key"))


def test_a_camera_added_on_the_command_line_is_stored_encrypted(store, database_url, tmp_path):
    add = ("camera", "add", "door", URL, "--header", "X-Key: hush")
    command_line(database_url, tmp_path, *add, secret_keys=NEW)
    assert "hush" not in text_of(store)
    assert opened(store, Keyring([NEW])) == (URL, HEADERS)

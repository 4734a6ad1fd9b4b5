"""What tests of several folders stand on: real servers, never a substitute for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings

from hypersight_core.store.engine import Store
from hypersight_core.store.tables import metadata
from tests.databases import LANES, POSTGRESQL, Databases, has_real_backends, open_folder

# A busy machine is no mistake of the code's; what takes long is measured in `benchmarks`.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the store's tests on both servers, all others on PostgreSQL."""
    own_marks = metafunc.definition.iter_markers("parametrize")
    says_itself = any(mark.args[0] == "lane" for mark in own_marks)
    is_of_store = metafunc.definition.path.name.startswith("test_store_")
    if "lane" in metafunc.fixturenames and is_of_store and not says_itself:
        needs_real = metafunc.definition.get_closest_marker("needs_real_backends")
        lanes = [lane for lane in LANES if has_real_backends(lane) or not needs_real]
        metafunc.parametrize("lane", lanes, indirect=True)


@pytest.fixture
def lane(request: pytest.FixtureRequest) -> str:
    """Return which of `LANES` the test runs on."""
    return str(getattr(request, "param", POSTGRESQL))


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    opened = Databases()
    yield opened
    opened.close()


@pytest.fixture
def server_dir() -> Iterator[Path]:
    """Yield an empty folder that a server's account may enter."""
    with open_folder() as folder:
        yield folder


@pytest.fixture
def empty_database_url(databases: Databases, lane: str) -> Iterator[str]:
    """Yield the URL of a database of the test's own, without any table."""
    with databases.empty(lane) as url:
        yield url


@pytest.fixture
def database_url(databases: Databases, lane: str) -> str:
    """Return the URL of a database made for this test run, on the newest schema."""
    return databases.shared_url(lane)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """Yield a store on empty tables."""
    opened = Store(database_url, application_name="hypersight tests")
    names = ", ".join(table.name for table in metadata.sorted_tables)
    with opened.transaction() as tx:
        tx.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    yield opened
    opened.close()

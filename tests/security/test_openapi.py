"""The whole description of the API against the real API: it says what really comes, and nothing is a bug."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok

from hypersight_core.store import cameras, processors
from tests.builders import camera_settings, processor_settings
from tests.serving import api_process

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

OWNER = {"authorization": "Bearer t0ken"}
EXAMPLES = 20
checks.load_all_checks()
ASKED = [
    checks.not_a_server_error,
    *(
        checks.CHECKS.get_one(name)
        for name in ("status_code_conformance", "content_type_conformance", "response_schema_conformance")
    ),
]
FEW = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def served(store, database_url, tmp_path) -> Iterator[str]:
    with store.transaction() as tx:
        camera = cameras.create_camera(tx, camera_settings(stream_url="http://127.0.0.1:9/live.m3u8"))
        processors.create_processor(tx, camera.camera_id, processor_settings())
    with api_process(database_url, tmp_path, HYPERSIGHT_API_TOKEN="t0ken") as process:
        yield process.url("")
        assert not [line for line in process.log if "Traceback" in line]


def surprises(base_url: str, headers: dict[str, str]) -> Iterator[str]:
    """Ask every operation, and yield what was wrong with the answers."""
    schema = schemathesis.openapi.from_url(f"{base_url}/schema/openapi.json", headers=OWNER)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @FEW
        @given(case=operation.as_strategy())
        def asked(case) -> None:
            case.call_and_validate(headers=headers, checks=ASKED)

        try:
            asked()
        except FailureGroup as group:
            yield from (f"{operation.label}: {one}" for one in group.exceptions)


@pytest.mark.parametrize("headers", [OWNER, {}], ids=["owner", "stranger"])
def test_every_operation_answers_as_it_is_described(served, headers) -> None:
    found = list(surprises(served, headers))
    assert not found, "\n".join(found)

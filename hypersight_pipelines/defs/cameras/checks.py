"""What is wrong with which camera, and what to do: four questions, each over all cameras."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from hypersight_core.domain import findings
from hypersight_core.domain.findings import Finding, Judgement
from hypersight_core.domain.health import CameraHealth
from hypersight_core.settings import Settings
from hypersight_core.store.engine import Store
from hypersight_core.store.health import read_health
from hypersight_pipelines.defs.cameras.assets import CAMERA

SHOWN = 50
"""Cameras in one table; the rest is counted."""
SAID = 3
"""Cameras in one sentence."""


@dataclass(frozen=True, slots=True)
class Question:
    """One check over all cameras."""

    name: str
    description: str
    good: str
    """What is said when nothing is wrong."""
    judge: Callable[[Settings], Judgement]


QUESTIONS = (
    Question(
        "cameras_are_fresh",
        "Every camera that should be watched was seen within two minutes. Error after ten.",
        "seen within two minutes",
        lambda _: findings.not_fresh,
    ),
    Question(
        "cameras_are_covered",
        "Of the last hour at least 95 % was watched (since the camera's last edit). Error below half.",
        "watched for at least 95 % of the last hour",
        lambda _: findings.poorly_covered,
    ),
    Question(
        "cameras_keep_up",
        "No camera lags by over half of HYPERSIGHT_MAX_LAG_S. Error when frames are dropped.",
        "up with their streams",
        lambda settings: findings.lagging(settings.max_lag_s),
    ),
    Question(
        "detectors_answer",
        "The detector answers for every camera. Error when it is away or over 2 % of the frames of ten "
        "minutes are unanswered; warning when a server is left alone or half of the answers take "
        "over two seconds.",
        "answered by their detectors",
        lambda _: findings.badly_detected,
    ),
)


def answer(question: Question, cameras: Sequence[CameraHealth], settings: Settings) -> dg.AssetCheckResult:
    """Judge all cameras."""
    wanted = sum(one.is_wanted for one in cameras)
    found = findings.findings(question.judge(settings), cameras)
    is_error = any(one.is_error for one in found)
    return dg.AssetCheckResult(
        asset_key=CAMERA,
        check_name=question.name,
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description=_sentence(found, wanted, question.good),
        metadata={
            "cameras_to_watch": wanted,
            "cameras_with_a_problem": len(found),
            **({"problems": _table(found)} if found else {}),
        },
    )


def _sentence(found: Sequence[Finding], wanted: int, good: str) -> str:
    if not found:
        return f"{wanted} cameras to watch, all {good}." if wanted else "No camera is to be watched."
    said = " ".join(f"{one.camera_id} {one.name}: {one.problem}. {one.advice}" for one in found[:SAID])
    more = f" And {len(found) - SAID} more, see the table." if len(found) > SAID else ""
    return f"{len(found)} of {wanted} cameras. {said}{more}"


def _table(found: Sequence[Finding]) -> dg.TableMetadataValue:
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "camera": f"{one.camera_id} {one.name}",
                    "severity": "error" if one.is_error else "warning",
                    "problem": one.problem,
                    "what to do": one.advice,
                }
            )
            for one in found[:SHOWN]
        ]
    )


def _check(question: Question) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=CAMERA, name=question.name, description=question.description)
    def check(store: dg.ResourceParam[Store], settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
        with store.transaction() as tx:
            cameras = read_health(tx, datetime.now(UTC))
        return answer(question, cameras, settings)

    return check


camera_checks = [_check(question) for question in QUESTIONS]

check_cameras = dg.define_asset_job(
    "check_cameras",
    selection=dg.AssetSelection.checks(*camera_checks),
    executor_def=dg.in_process_executor,
    description="Asks all questions about all cameras now; the sensor cameras_seen asks them every minute.",
)

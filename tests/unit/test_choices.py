"""What a choice costs is said where it is made."""

import pytest

from hypersight.cli import build_app
from hypersight_core.domain.choices import (
    JPEG_QUALITY_HELP,
    MOSAIC_HELP,
    MOTION_GATE_HELP,
    MOTION_RECHECK_HELP,
)
from hypersight_core.settings import Settings


@pytest.mark.parametrize("said", [MOSAIC_HELP, JPEG_QUALITY_HELP, MOTION_GATE_HELP, MOTION_RECHECK_HELP])
def test_the_command_line_says_what_a_choice_costs(capsys, monkeypatch, said):
    monkeypatch.setenv("COLUMNS", "1000")  # nothing is wrapped
    build_app(Settings())(["camera", "add", "--help"], result_action="return_value")
    assert said in capsys.readouterr().out

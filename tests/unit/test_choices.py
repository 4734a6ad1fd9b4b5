"""What a choice costs is said where it is made."""

from hypersight.cli import build_app
from hypersight_core.domain.choices import MOSAIC_HELP
from hypersight_core.settings import Settings


def test_the_command_line_says_what_a_choice_costs(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "1000")  # nothing is wrapped
    build_app(Settings())(["camera", "add", "--help"], result_action="return_value")
    assert MOSAIC_HELP in capsys.readouterr().out

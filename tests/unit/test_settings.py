import ast
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from hypersight_core.errors import InvalidInput
from hypersight_core.settings import Settings

ROOT = Path(__file__).parents[2]
VARIABLES = {field.encode_name: field for field in msgspec.structs.fields(Settings)}


def test_numbers_and_paths_are_parsed():
    settings = Settings.from_environ({"HYPERSIGHT_MAX_LAG_S": "5.5", "HYPERSIGHT_VAR_DIR": "/srv/hypersight"})
    assert settings.max_lag_s == 5.5
    assert settings.var_dir == Path("/srv/hypersight")


def test_an_empty_variable_counts_as_unset():
    assert Settings.from_environ({"HYPERSIGHT_API_PORT": ""}).api_port == 8000


@pytest.mark.parametrize(
    "environ",
    [
        {"HYPERSIGHT_MAX_LAG_S": "soon"},
        {"HYPERSIGHT_DETECTR_URL": "http://x"},
        {"HYPERSIGHT_EVENTS_KEPT_DAYS": "-1"},
        {"HYPERSIGHT_DETECTOR_MAX_CALLS": "0"},
        {"HYPERSIGHT_PERSON_CLASS": "-1"},
        {"HYPERSIGHT_OBSERVATIONS_KEPT_DAYS": "30"},
        {"HYPERSIGHT_EVENTS_KEPT_DAYS": "30", "HYPERSIGHT_OBSERVATIONS_KEPT_DAYS": "7"},
    ],
    ids=[
        "malformed",
        "misspelt",
        "negative days",
        "no call at all",
        "no class",
        "events for ever",
        "events longer than observations",
    ],
)
def test_a_bad_environment_is_refused(environ):
    with pytest.raises(InvalidInput, match="bad configuration"):
        Settings.from_environ(environ)


def test_a_secret_may_stand_in_a_file(tmp_path):
    (tmp_path / "token").write_text("s3cret\n")
    settings = Settings.from_environ({"HYPERSIGHT_API_TOKEN_FILE": str(tmp_path / "token")})
    assert settings.api_token == "s3cret"
    assert Settings.from_environ(settings.environ()) == settings


def test_a_password_goes_into_the_url_of_the_database(tmp_path):
    (tmp_path / "password").write_text("p@ss/word%")
    settings = Settings.from_environ(
        {
            "HYPERSIGHT_DATABASE_URL": "postgresql://me@db:5432/hypersight",
            "HYPERSIGHT_DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
        }
    )
    assert settings.database_url == "postgresql://me:p%40ss%2Fword%25@db:5432/hypersight"
    assert Settings.from_environ(settings.environ()) == settings


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"HYPERSIGHT_API_TOKEN_FILE": "/nowhere/token"}, "HYPERSIGHT_API_TOKEN_FILE: /nowhere/token"),
        ({"HYPERSIGHT_API_TOKEN_FILE": "/dev/null", "HYPERSIGHT_API_TOKEN": "x"}, "both"),
        ({"HYPERSIGHT_API_TOKN_FILE": "/dev/null"}, "HYPERSIGHT_API_TOKN"),
    ],
    ids=["missing", "given twice", "misspelt"],
)
def test_a_bad_secret_file_is_refused(environ, said):
    with pytest.raises(InvalidInput, match=said):
        Settings.from_environ(environ)


def test_another_process_reads_the_very_same_settings():
    settings = Settings.from_environ({"OBJECT_DETECTOR_URL": "http://gpu:1/x", "HYPERSIGHT_API_PORT": "8123"})
    assert Settings.from_environ(settings.environ()) == settings


def test_every_setting_is_in_the_example_file_with_its_default():
    lines = (ROOT / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    assert example == {name: str(field.default) for name, field in VARIABLES.items()}


def test_every_setting_is_in_the_readme():
    readme = (ROOT / "README.md").read_text()
    assert [name for name in VARIABLES if f"| `{name}` |" not in readme] == []


def test_every_setting_says_what_it_is():
    tree = ast.parse((ROOT / "hypersight_core/settings.py").read_text())
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef)).body
    documented = {
        before.target.id
        for before, after in pairwise(body)
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    }
    assert documented == {field.name for field in VARIABLES.values()}

"""Every panel of the Grafana dashboards asks something the database answers, as the role Grafana uses."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
import yaml

from hypersight_core.store.analysts import ROLE, allow_analysts
from hypersight_core.store.engine import Store
from tests import sql_example
from tests.dbt import Dbt

pytestmark = pytest.mark.timeout(600)
GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
DASHBOARDS = {path.stem: json.loads(path.read_text()) for path in (GRAFANA / "dashboards").glob("*.json")}
FROM, TO = "2026-03-22T00:00:00Z", "2026-04-06T00:00:00Z"
SILENT = {"Cameras that fail again and again", "Unusual days in a list"}
"""Panels that have nothing to show of two quiet weeks."""


@pytest.fixture
def grafana(store: Store, database_url: str, tmp_path: Path) -> Iterator[psycopg.Connection]:
    sql_example.fill(store)
    with store.transaction() as tx:
        allow_analysts(tx, "dashboards")
    Dbt(database_url, tmp_path).build("--exclude", "resource_type:test", "resource_type:unit_test")
    url = sa.make_url(database_url).set(drivername="postgresql", username=ROLE, password="dashboards")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


def test_every_panel_is_answered(grafana: psycopg.Connection):
    assert set(DASHBOARDS) == {"overview", "camera", "operations"}
    asked = 0
    for dashboard in DASHBOARDS.values():
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                answer = grafana.execute(expanded(target["rawSql"]))
                rows = answer.fetchall()
                assert rows or panel["title"] in SILENT, panel["title"]
                if target["format"] == "time_series":
                    assert answer.description is not None
                    assert answer.description[0].name == "time"
                asked += 1
    assert asked == 20
    [camera] = DASHBOARDS["camera"]["templating"]["list"]
    assert grafana.execute(camera["query"]).fetchall() == [("Entrance", 1)]


def test_figures_are_the_right_ones(grafana: psycopg.Connection):
    [[persons]] = grafana.execute(
        "SELECT sum(value) FROM ("
        + expanded(_panel("overview", "Traffic by day")["targets"][0]["rawSql"])
        + ") AS x"
    ).fetchall()
    [[expected]] = grafana.execute(f"SELECT value FROM traffic(1, '{FROM}', '{TO}')").fetchall()
    assert persons == expected > 3000
    present = grafana.execute(
        expanded(_panel("camera", "Persons present")["targets"][0]["rawSql"])
    ).fetchall()
    assert any(mean is None for _, mean, _ in present)


def test_panels_have_places_of_their_own_and_the_datasource_is_the_provisioned_one():
    source = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "hypersight.yaml").read_text())
    [provisioned] = source["datasources"]
    assert provisioned["user"] == ROLE
    for dashboard in DASHBOARDS.values():
        taken: set[tuple[int, int]] = set()
        for panel in dashboard["panels"]:
            assert panel["datasource"]["uid"] == provisioned["uid"]
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken, panel["title"]
            taken |= cells


def expanded(query: str) -> str:
    """Do what Grafana does before it asks: put values in the place of macros and variables."""
    query = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 BETWEEN '{FROM}' AND '{TO}'", query)
    query = query.replace("$__timeFrom()", f"'{FROM}'").replace("$__timeTo()", f"'{TO}'")
    query = query.replace("$camera", "1")
    assert "$" not in query, query
    return query


def _panel(dashboard: str, title: str) -> dict[str, Any]:
    found: dict[str, Any]
    [found] = [panel for panel in DASHBOARDS[dashboard]["panels"] if panel["title"] == title]
    return found

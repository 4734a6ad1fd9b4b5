import pytest
from dagster_postgres.utils import pg_url_from_config
from sqlalchemy import make_url

from hypersight_pipelines.instance import storage_url


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_dagster_shares_the_database_but_not_the_schema(scheme):
    url = make_url(
        pg_url_from_config({"postgres_url": storage_url(f"{scheme}://hs:p%40ss@127.0.0.1:5433/hs")})
    )
    assert (url.host, url.port, url.database, url.password) == ("127.0.0.1", 5433, "hs", "p@ss")
    assert url.query["options"] == "-csearch_path=dagster"


def test_dagster_gets_the_driver_it_works_with():
    assert make_url(storage_url("postgresql://hs@db/hs")).get_driver_name() == "psycopg2"


def test_what_the_address_says_already_is_kept():
    assert make_url(storage_url("postgresql://hs@db/hs?sslmode=require")).query["sslmode"] == "require"

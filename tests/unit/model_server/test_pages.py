"""The pages and the OpenAPI document say what the served model says about itself."""

import re
from pathlib import Path

import pytest

from services.model_server import problems
from services.model_server.settings import Link
from tests.unit.model_server.builders import FIELDS, graph, serve

SOURCES = Path(problems.__file__).parent


def test_the_home_page_has_an_input_for_each_field_and_the_version(client):
    page = client.get("/").text

    assert re.findall(r'<input name="(\w+)"', page) == [field["name"] for field in FIELDS]
    assert "trip-duration, version 1" in page


def test_the_home_page_without_a_model_says_what_to_do(empty):
    assert "has just started" in empty.get("/").text
    assert "has just started" in empty.get("/docs").text


def test_what_a_model_says_is_text_and_never_markup(client, settings):
    fields = [field | {"description": "<script>alert(1)</script>"} for field in FIELDS]
    serve(settings.model_dir, "2", graph(fields=fields))
    client.application.extensions["serving"].refresh()

    assert "<script>alert" not in client.get("/").text + client.get("/docs").text


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_load_nothing_from_elsewhere(client, path):
    page = client.get(path)

    assert re.findall(r'(?:src|href)="(?!/|data:|#)([^"]*)', page.text) == []
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    with client.get("/static/pages.js") as script:
        assert script.status_code == 200


def test_every_kind_of_problem_is_explained_on_the_page_that_its_type_names(client):
    used = set(re.findall(r'Problem\(\s*\d+,\s*"([\w-]+)"', "".join(p.read_text() for p in SOURCES.glob("*.py"))))

    assert used <= problems.KINDS.keys()
    assert all(f'id="{kind}"' in client.get("/docs").text for kind in used)


def test_the_document_lists_every_route_that_a_program_calls(client):
    document = client.get("/openapi.json").json
    rules = {rule.rule for rule in client.application.url_map.iter_rules()}
    rules -= {"/", "/docs", "/openapi.json", "/static/<path:filename>"}

    filled = {rule.replace("<name>", "trip-duration").replace("<version>", "1") for rule in rules}
    assert filled == document["paths"].keys()
    assert document["openapi"] == "3.1.0"


def test_the_document_has_the_bounds_of_each_field(client):
    row = client.get("/openapi.json").json["components"]["schemas"]["Row"]

    assert row["properties"]["PULocationID"]["maximum"] == 265
    assert row["properties"]["pickup"]["anyOf"][0] == {"type": "string", "format": "date-time"}
    assert row["required"] == ["PULocationID", "DOLocationID", "trip_distance"]


def test_the_document_names_choices_aliases_and_what_is_left_out(client):
    row = client.get("/openapi.json").json["components"]["schemas"]["Row"]
    rate, pickup = row["properties"]["RatecodeID"], row["properties"]["pickup"]

    assert "1 = Standard rate, 2 = JFK" in rate["description"]
    assert rate["anyOf"][0] == {"type": "number", "minimum": 1, "maximum": 99}  # names are no bound
    assert "also sent as lpep_pickup_datetime" in pickup["description"]
    assert "left out: fare_amount, lpep_dropoff_datetime." in row["description"]


def test_a_long_list_of_names_is_cut_in_the_document_and_whole_at_model(client, settings):
    names = {str(number): f"zone {number}" for number in range(1, 266)}
    serve(settings.model_dir, "2", graph(fields=[FIELDS[0] | {"choices": names}, *FIELDS[1:]]))
    client.application.extensions["serving"].refresh()

    row = client.get("/openapi.json").json["components"]["schemas"]["Row"]
    assert row["properties"]["PULocationID"]["description"].endswith("10 = zone 10, and 255 more at /model")
    assert client.get("/model").json["fields"][0]["choices"] == names


def test_the_document_without_a_model_has_the_routes_that_need_none(empty):
    assert "/health/live" in empty.get("/openapi.json").json["paths"]


def test_a_link_may_have_a_name_of_two_words_and_an_address_to_probe():
    link = Link.parse(" S3 console http://127.0.0.1:9001 http://s3:9000/health ")

    assert link == ("S3 console", "http://127.0.0.1:9001", "http://s3:9000/health")

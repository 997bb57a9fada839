"""The pages and the OpenAPI document say what the served model says about itself."""

import dataclasses
import re
from pathlib import Path

import msgspec
import pytest

from services.model_server import facts, problems
from services.model_server.predictor import Predictor
from services.model_server.serving import Served
from services.model_server.settings import Link
from tests.unit.model_server.builders import FIELDS, graph, release, serve

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
SOURCES = Path(problems.__file__).parent


def test_the_home_page_has_an_input_for_each_field_and_the_version(client):
    page = client.get("/").text

    assert re.findall(r'<(?:input|select) name="(\w+)"', page) == [field["name"] for field in FIELDS]
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


def test_a_short_list_of_names_is_a_select_that_may_stay_empty(client):
    page = client.get("/").text

    assert re.search(
        r'<select name="RatecodeID">\s*<option value="">not given</option>\s*<option value="1">Standard', page
    )


def test_a_long_list_of_names_is_searched_by_typing_and_each_name_is_one_choice(client, settings):
    names = {str(number): f"zone {number}" for number in range(1, 200)} | {"200": "Corona", "201": "Corona"}
    serve(settings.model_dir, "2", graph(fields=[FIELDS[0] | {"choices": names}, *FIELDS[1:]]))
    client.application.extensions["serving"].refresh()

    page = client.get("/").text
    assert 'name="PULocationID" value="zone 130" required list="names-PULocationID"' in page
    assert '<option data-number="201" value="Corona (201)">' in page


FIGURES = {"rmse": 4.2204, "baseline_rmse": 5.1921, "mae": 2.9, "p90": 6.5, "train_seconds": 3.0}


def released(settings, **changes) -> Served:
    made = msgspec.structs.replace(
        release(settings.model_dir), metrics=FIGURES, tags={"validate": "2023-02"}, **changes
    )
    return Served(Predictor(made, settings.model_dir), None)


def test_each_error_has_its_unit_its_month_and_what_it_is_compared_with(settings):
    told = {fact.name: fact.text for fact in facts.facts(released(settings), "")}

    assert told["RMSE"] == "4.220 minutes on 2023-02; the source's method 5.192"
    assert (told["MAE"], told["P90"]) == ("2.900 minutes on 2023-02", "6.500 minutes on 2023-02")
    assert list(told) == ["RMSE", "MAE", "P90", "training months"]


def test_a_commit_is_short_with_the_whole_beside_it_and_an_unknown_one_is_left_out(settings):
    served = released(settings)
    commits = ({"commit": "0123456789abcdef"}, {"commit": "unknown"})
    with_each = [msgspec.structs.replace(served.predictor.schema, more={"training": training}) for training in commits]
    shown = []
    for schema in with_each:
        served.predictor.schema = schema
        shown += [fact[1:] for fact in facts.facts(served, "") if fact.name == "commit"]

    assert shown == [("01234567", "", "0123456789abcdef")]


def test_version_and_run_lead_to_their_pages_in_mlflow(settings):
    served = released(settings, run_id="abcdefghij", experiment_id="7")
    (run,) = [fact for fact in facts.facts(served, "http://m:5001") if fact.name == "MLflow run"]

    assert run.url == "http://m:5001/#/experiments/7/runs/abcdefghij?workflowType=machine_learning"
    assert facts.version_url("http://m:5001", "a/b", "3") == (
        "http://m:5001/#/models/a%2Fb/versions/3?workflowType=machine_learning"
    )
    assert facts.run_url("http://m:5001", released(settings, run_id="abc").predictor.release) == ""  # an old record


@pytest.mark.parametrize("links", ["Prefect /; MLflow http://h:1/#/x?workflowType=y http://mlflow:2/health", ""])
def test_mlflow_is_where_the_home_page_links_to(settings, links):
    known = dataclasses.replace(settings, home_links=links).mlflow_url

    assert known == ("http://h:1" if links else "")


def test_the_try_it_page_names_choices_aliases_and_what_is_left_out(client):
    page = client.get("/docs").text

    assert "1 Standard rate, 2 JFK" in page
    assert "also sent as <code>lpep_pickup_datetime</code>" in page
    assert "left out: fare_amount, lpep_dropoff_datetime." in page


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_browser_gets_a_page_for_an_unknown_path_with_ways_on(client, method):
    page = client.open("/nothing/<b>", method=method, headers={"Accept": BROWSER})

    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "/nothing/&lt;b&gt;" in page.text
    assert {"/", "/docs", "/model"} <= set(re.findall(r'href="([^"]*)"', page.text))


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/json, text/html;q=0.5"])
def test_a_program_gets_the_problem_document_for_an_unknown_path(client, accept):
    answer = client.get("/nothing", headers={"Accept": accept} if accept else {})

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


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

"""The pages that people open, and the OpenAPI document: all made from the model's own description."""

import json
import re
from collections import Counter
from typing import Any

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import NotFound

from services.model_server import checks, facts, openapi, releases
from services.model_server.fields import Field
from services.model_server.problems import KINDS, problem
from services.model_server.releases import LinkState
from services.model_server.routes import reply
from services.model_server.serving import Served, Serving
from services.model_server.settings import Settings

POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
MOST_OF_SELECT = 20  # names; a longer list is searched by typing
MEDIA_TYPES = ["application/problem+json", "application/json", "text/html"]  # of an error; the first where all may be


class Pages:
    """The routes that give HTML, and the document that programs read instead."""

    def __init__(self, serving: Serving, settings: Settings) -> None:
        self._serving, self._settings = serving, settings

    def register(self, app: Flask) -> None:
        """Add the routes to *app*."""
        app.add_url_rule("/", view_func=self.home)
        app.add_url_rule("/docs", view_func=self.docs)
        app.add_url_rule("/openapi.json", view_func=self.document)
        app.register_error_handler(NotFound, self.not_found)

    def home(self) -> Response:
        """The champion, a form that predicts, the verdicts on versions, and the other parts of the stack."""
        served, name, mlflow = self._serving.champion, self._settings.model_name, self._settings.mlflow_url
        told: dict[str, Any] = {"inputs": [], "facts": [], "warnings": [], "versions": [], "version_url": ""}
        unit = None
        if served:
            unit, release = served.predictor.schema.output.unit, served.predictor.release
            told["inputs"] = [_input(field) for field in served.predictor.schema.fields]
            told["facts"] = facts.facts(served, mlflow)
            told["version_url"] = facts.version_url(mlflow, release.name, release.version)
        if seen := self._serving.following():
            told["warnings"] = [f"Version {r.version} was refused: {r.reason}" for r in seen.refused[-1:]]
            told["versions"] = facts.judged(seen.versions, name, unit, mlflow)
        links = releases.read(self._settings.model_dir / "links.json", list[LinkState])
        asked = [LinkState(link.name, link.url) for link in self._settings.links]
        return self._page("home.html", links=links or asked, **told)

    def docs(self) -> Response:
        """Every call with an example that can be sent from the page."""
        served = self._serving.champion
        fields = served.predictor.schema.fields if served else ()
        ignored = served.predictor.schema.ignored_columns if served else ()
        calls = _calls(served) if served else []
        told = {"fields": fields, "ignored": ignored, "most": MOST_OF_SELECT}
        return self._page("docs.html", **told, calls=calls, problems=KINDS.items())

    def document(self) -> Response:
        """The OpenAPI document of the served model."""
        served = self._serving.champion
        return reply(openapi.document(served and served.predictor, self._settings.model_server_max_rows))

    def not_found(self, error: NotFound) -> Response:
        """A page with links for a browser, the problem document for a program."""
        if request.accept_mimetypes.best_match(MEDIA_TYPES) != "text/html":
            return problem(error).response(request.path)
        page = self._page("not_found.html", path=request.path)
        page.status_code = 404
        page.headers["Vary"] = "Accept"
        return page

    def _page(self, template: str, **told: object) -> Response:
        served = self._serving.champion
        model = None
        if served:
            release = served.predictor.release
            model = {
                "name": release.name,
                "version": release.version,
                "output": served.predictor.schema.output,
            }
        absence = None if served else self._serving.absence()
        page = render_template(
            template, model=model, absence=absence, locked=bool(self._settings.model_server_keys_file), **told
        )
        return Response(page, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})


def _input(field: Field) -> dict[str, Any]:
    """What the form needs to know of *field*; browsers want moments without offset."""
    what = f"{field.zone} time" if field.format else field.kind.removesuffix(" or null")  # stays empty then
    if choices := _choices(field):
        what = "a name of the list or a number" if len(choices) > MOST_OF_SELECT else ""
    value = "" if field.example is None or field.nullable else str(field.example)
    return {
        "name": field.name,
        "label": re.split(r"[:(]", field.description)[0].strip() or field.name,
        "hint": ", ".join(text for text in (field.name if field.description else "", what) if text),
        "value": value[:19] if field.format else value,
        "choices": choices,
        "long": len(choices) > MOST_OF_SELECT,
        "required": field.required,
        "optional": not field.required and not field.when_missing,
        "moment": bool(field.format),
        "step": "1" if field.whole else "any",
        "low": field.minimum,
        "high": field.maximum,
    }


def _choices(field: Field) -> dict[str, str]:
    """The names of values by number; two values of one name have their numbers in it, so that each is a choice."""
    choices = field.choices or {}
    count = Counter(choices.values())
    return {number: name if count[name] == 1 else f"{name} ({number})" for number, name in choices.items()}


def _calls(served: Served) -> list[dict[str, str]]:
    """The examples of the try-it page, made of the model's own."""
    schema, release = served.predictor.schema, served.predictor.release
    row = {f.name: f.example for f in schema.fields if f.example is not None}
    columns = {"columns": list(row), "data": [list(row.values())]}
    values = zip(schema.fields, checks.example(schema.fields), strict=True)
    tensors = [
        {"name": f.name, "shape": [1], "datatype": "INT64" if f.whole else "FP32", "data": [value]}
        for f, value in values
        if f.example is not None
    ]
    one, many = json.dumps(row, indent=2), json.dumps([row, row], indent=2)
    kind = "application/json"
    posts = [
        ("/predict", kind, one, "one row"),
        ("/predict", kind, many, "a list"),
        ("/predict", "text/csv", _csv(row), "a CSV with a header"),
        ("/invocations", kind, json.dumps({"dataframe_split": columns}, indent=2), "as MLflow's clients ask"),
        (f"/v2/models/{release.name}/infer", kind, json.dumps({"inputs": tensors}), "as V2 clients ask"),
    ]
    gets = [("/model", "what the model says about itself"), ("/health/ready", "is a model served?")]
    gets.append((f"/v2/models/{release.name}", "the model's tensors"))
    return [
        {"method": "POST", "path": path, "kind": media, "body": body, "summary": summary}
        for path, media, body, summary in posts
    ] + [{"method": "GET", "path": path, "kind": "", "body": "", "summary": summary} for path, summary in gets]


def _csv(row: dict[str, Any]) -> str:
    return ",".join(row) + "\n" + ",".join(map(str, row.values()))

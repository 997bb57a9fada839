"""The pages that people open, and the OpenAPI document: all made from the model's own description."""

import json
import re
from typing import Any

from flask import Flask, Response, render_template

from services.model_server import checks, openapi, releases
from services.model_server.fields import Field
from services.model_server.problems import KINDS
from services.model_server.releases import LinkState
from services.model_server.routes import reply
from services.model_server.serving import Served, Serving
from services.model_server.settings import Settings

POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
SHOWN_METRICS = 6
SHOWN_OF_COMMIT = 8  # characters, as Git abbreviates


class Pages:
    """The routes that give HTML, and the document that programs read instead."""

    def __init__(self, serving: Serving, settings: Settings) -> None:
        self._serving, self._settings = serving, settings

    def register(self, app: Flask) -> None:
        """Add the routes to *app*."""
        app.add_url_rule("/", view_func=self.home)
        app.add_url_rule("/docs", view_func=self.docs)
        app.add_url_rule("/openapi.json", view_func=self.document)

    def home(self) -> Response:
        """The champion, a form that predicts, and the other parts of the stack."""
        served = self._serving.champion
        told: dict[str, Any] = {"inputs": [], "facts": [], "warnings": []}
        if served:
            told["inputs"] = [_input(field) for field in served.predictor.schema.fields]
            told["facts"] = _facts(served)
        if seen := self._serving.following():
            told["warnings"] = [f"Version {r.version} was refused: {r.reason}" for r in seen.refused[-1:]]
        links = releases.read(self._settings.model_dir / "links.json", list[LinkState])
        asked = [LinkState(link.name, link.url) for link in self._settings.links]
        return self._page("home.html", links=links or asked, **told)

    def docs(self) -> Response:
        """Every call with an example that can be sent from the page."""
        served = self._serving.champion
        fields = served.predictor.schema.fields if served else ()
        calls = _calls(served) if served else []
        return self._page("docs.html", fields=fields, calls=calls, problems=KINDS.items())

    def document(self) -> Response:
        """The OpenAPI document of the served model."""
        served = self._serving.champion
        return reply(openapi.document(served and served.predictor, self._settings.model_server_max_rows))

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
    what = f"{field.zone} time" if field.format else field.kind
    example = "" if field.example is None else str(field.example)
    return {
        "name": field.name,
        "label": re.split(r"[:(]", field.description)[0].strip() or field.name,
        "hint": f"{field.name}, {what}" if field.description else what,
        "value": example[:19] if field.format else "" if field.nullable else example,
        "required": field.required,
        "optional": not field.required and not field.when_missing,
        "moment": bool(field.format),
        "step": "1" if field.whole else "any",
        "low": field.minimum,
        "high": field.maximum,
    }


def _facts(served: Served) -> list[tuple[str, str]]:
    """Name and value of what a person wants to know of the served version first."""
    release, schema = served.predictor.release, served.predictor.schema
    facts = [("served since", release.since[:16].replace("T", " ") + " UTC")] if release.since else []
    wanted = ["rmse", "baseline_rmse", "mae"]
    names = [name for name in wanted if name in release.metrics]
    names += sorted(release.metrics.keys() - set(wanted))
    facts += [(name.replace("_", " "), f"{release.metrics[name]:.4g}") for name in names[:SHOWN_METRICS]]
    training = schema.more.get("training")
    for name, value in (training if isinstance(training, dict) else {}).items():
        if isinstance(value, str | int | float | list):
            facts.append((name.replace("_", " "), _plain(value)[: SHOWN_OF_COMMIT if name == "commit" else None]))
    return facts + ([("run", release.run_id[:8])] if release.run_id else [])


def _plain(value: str | float | list[object]) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


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
        ("/invocations", kind, json.dumps({"dataframe_split": columns}, indent=2), "as MLflow's clients ask"),
        ("/invocations", "text/csv", _csv(row), "a CSV with a header"),
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

"""The routes of the server's own protocol: predict, health, model."""

import math
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import msgspec
from flask import Flask, Response, request

from services.model_server import releases
from services.model_server.csv_rows import from_csv
from services.model_server.keys import Keys
from services.model_server.limits import CSV, Limits
from services.model_server.notes import KEY, Note
from services.model_server.payload import Rows
from services.model_server.serving import Served, Serving
from services.model_server.verdicts import sentence

JSON = "application/json"
VERSION = "X-Model-Version"


class Routes:
    """Plain methods as views: no look-ups through proxies on the way of a prediction."""

    def __init__(self, serving: Serving, limits: Limits, folder: Path, keys: Keys) -> None:
        self._serving, self._limits, self._folder, self._keys = serving, limits, folder, keys

    def register(self, app: Flask) -> None:
        """Add the routes to *app*."""
        app.add_url_rule("/predict", "/predict", methods=["POST"])  # without a view: edge.py answers a POST itself
        app.add_url_rule("/health/live", "/health/live", view_func=self.live, methods=["GET"])
        app.add_url_rule("/health/ready", "/health/ready", view_func=self.ready, methods=["GET"])
        app.add_url_rule("/model", "/model", view_func=self.model, methods=["GET"])
        app.add_url_rule("/model/reload", "/model/reload", view_func=self.reload, methods=["POST"])

    def predict(self, environ: WSGIEnvironment) -> Response:
        """One row or a list, whose answer has the same form; a CSV is a list."""
        served = self._serving.choose()
        reader = served.reader
        with self._limits.body(environ, JSON, CSV) as body:
            rows = reader.take(from_csv(body.data, reader)) if body.kind == CSV else reader.read(body.data)
            values = run(environ, served, rows)
        output = values[0] if rows.single else values
        return answer(served, {served.predictor.schema.output.name: output}, rows)

    def live(self) -> Response:
        """The process answers; nothing else is asked."""
        return reply({"status": "live"})

    def ready(self) -> Response:
        """A model is loaded; also tells what was refused, which is no reason to stop serving."""
        served, seen = self._serving.require(), self._serving.following()
        release = served.predictor.release
        return reply(
            {
                "status": "ready",
                "model": release.name,
                "model_version": release.version,
                "registry": seen.registry if seen else "not asked yet",
                "refused": seen.refused if seen else [],
                "trouble": self._serving.trouble,
            }
        )

    def model(self) -> Response:
        """Everything that the model says about itself, and where it came from."""
        served, seen = self._serving.require(), self._serving.following()
        release, schema = served.predictor.release, served.predictor.schema
        described = msgspec.to_builtins(release)
        following = {k: v for k, v in msgspec.to_builtins(seen).items() if k != "versions"} if seen else None
        aliases = {
            version.alias: {"sentence": sentence(version, schema.output.unit)} | msgspec.to_builtins(version)
            for version in (seen.versions if seen else [])
        }
        for private in ("file", "registry"):
            del described[private]
        return reply(
            described
            | {"fields": schema.fields, "ignored_columns": schema.ignored_columns}
            | {"output": schema.output, "metadata": schema.more}
            | {"aliases": aliases}
            | {"candidate": self._serving.candidacy()._asdict()}
            | {"following": following, "trouble": self._serving.trouble}
        )

    def reload(self) -> Response:
        """Have the follower look at the registry now; what passes its check is served at once."""
        self._keys.require(request.environ, "admin")
        releases.ask_to_look(self._folder)
        return reply({"status": "the registry is being asked; GET /model tells what is served"}, status=202)


def run(environ: WSGIEnvironment, served: Served, rows: Rows) -> list[float]:
    """The output for each of *rows*, noted for metrics and logs."""
    note: Note = environ[KEY]
    if rows.count == 1:
        outputs = [plain(served.predictor.one(rows.values or [column[0] for column in rows.columns]))]
    else:
        outputs = [plain(value) for value in served.predictor.many(rows.columns).tolist()]
    note.served, note.rows, note.outputs = served, rows, outputs
    return outputs


def plain(value: float) -> float:
    """A float32 as a person reads it: the seven digits that it holds."""
    return float(f"{value:.7g}") if math.isfinite(value) else value


def answer(served: Served, output: dict[str, Any], rows: Rows) -> Response:
    """The outputs, the version that made them, and what was assumed on the way."""
    release = served.predictor.release
    content = output | {"model": release.name, "model_version": release.version, "assumed": rows.assumed}
    return Prediction(msgspec.json.encode(content), release.version)


class Prediction(Response):
    """A prediction as it goes out: nothing after the view looks at it, so nothing of werkzeug's is made for it.

    What werkzeug makes, and goes through again to send, is a fifth of a request's time.
    """

    def __init__(self, body: bytes, version: str) -> None:
        self._body, self._version = body, version

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Send it."""
        length = str(len(self._body))
        start_response("200 OK", [("Content-Type", JSON), ("Content-Length", length), (VERSION, self._version)])
        return [self._body]


def reply(content: object, *, status: int = 200) -> Response:
    """*content* as JSON."""
    return Response(msgspec.json.encode(content), status, content_type=JSON)

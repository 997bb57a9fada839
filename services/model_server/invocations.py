"""MLflow's scoring protocol: /invocations, /ping, /version. Turns its forms into rows; the rest is shared."""

from importlib.metadata import version
from typing import Any
from wsgiref.types import WSGIEnvironment

from flask import Flask, Response

from services.model_server.careful import parse
from services.model_server.csv_rows import from_csv
from services.model_server.limits import CSV, Limits
from services.model_server.payload import Reader
from services.model_server.problems import Problem
from services.model_server.routes import answer, reply, run
from services.model_server.serving import Serving

FORMS = ("dataframe_split", "dataframe_records", "inputs", "instances")


class Invocations:
    """The routes that an MLflow client calls."""

    def __init__(self, serving: Serving, limits: Limits) -> None:
        self._serving, self._limits = serving, limits

    def register(self, app: Flask) -> None:
        """Add the routes to *app*."""
        app.add_url_rule("/invocations", "/invocations", methods=["POST"])  # without a view: edge.py answers a POST
        app.add_url_rule("/ping", "/ping", view_func=self.ping, methods=["GET"])
        app.add_url_rule("/version", "/version", view_func=self.version, methods=["GET"])

    def invocations(self, environ: WSGIEnvironment) -> Response:
        """Rows in any of MLflow's forms; one record per row comes back, as from its onnx flavour."""
        served = self._serving.choose()
        reader, name = served.reader, served.predictor.schema.output.name
        with self._limits.body(environ, "application/json", CSV) as body:
            given = from_csv(body.data, reader) if body.kind == CSV else from_json(parse(body.data), reader)
            rows = reader.take(given)
            predictions = [{name: value} for value in run(environ, served, rows)]
        return answer(served, {"predictions": predictions}, rows)

    def ping(self) -> Response:
        """Empty when a model is served."""
        self._serving.require()
        return reply({})

    def version(self) -> Response:
        """The version of MLflow whose protocol this is, as plain text: clients compare it with their own."""
        return Response(version("mlflow-skinny"), content_type="text/plain")


def from_json(document: object, reader: Reader) -> object:
    """The rows of one of FORMS; raise Problem 422 when it is none. Rows and columns are counted before any is made."""
    given = [form for form in FORMS if isinstance(document, dict) and form in document]
    if len(given) != 1 or not isinstance(document, dict):
        raise _invalid(f"send an object with exactly one of {', '.join(FORMS)}")
    content = document[given[0]]
    if given[0] == "dataframe_split":
        columns, data = (content.get(k) if isinstance(content, dict) else None for k in ("columns", "data"))
        if not (isinstance(columns, list) and isinstance(data, list)):
            raise _invalid('dataframe_split is {"columns": [names], "data": [[values of a row], ...]}')
        reader.check_size(len(data), len(columns))
        return [_record(columns, row) for row in data]
    if given[0] in ("inputs", "instances"):
        return tensors(content, reader)
    return content


def tensors(content: object, reader: Reader) -> object:
    """Columns {name: [values]} or rows [[values in the order of the fields]] as records."""
    if isinstance(content, dict):
        reader.check_size(0, len(content))
        columns = {name: value if isinstance(value, list) else [value] for name, value in content.items()}
        lengths = {len(column) for column in columns.values()}
        if len(lengths) > 1:
            raise _invalid("all columns must have the same number of values")
        reader.check_size(max(lengths, default=0), len(columns))
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if isinstance(content, list) and content and all(isinstance(row, list) for row in content):
        reader.check_size(len(content), 0)
        return [_record([field.name for field in reader.fields], row) for row in content]
    return content


def _record(names: list[str], values: object) -> dict[str, Any]:
    if not isinstance(values, list) or len(values) != len(names):
        raise _invalid(f"each row must have as many values as there are columns, {len(names)}")
    if not all(isinstance(name, str) for name in names):
        raise _invalid("the names of columns must be strings")
    return dict(zip(names, values, strict=True))


def _invalid(why: str) -> Problem:
    return Problem(422, "invalid-input", f"The request is not in MLflow's form: {why}.")

"""The Open Inference Protocol, version 2: /v2. Turns its tensors into rows; everything else is shared."""

from typing import Annotated, Any
from wsgiref.types import WSGIEnvironment

import msgspec
import numpy as np
from flask import Flask, Response, request
from msgspec import Meta

from services.model_server.careful import parse, short
from services.model_server.limits import Limits
from services.model_server.payload import Reader
from services.model_server.problems import Problem
from services.model_server.routes import Prediction, reply, run
from services.model_server.serving import Served, Serving

DATATYPES = {"int64": "INT64", "float32": "FP32"}
BINARY = {"INT64": "<i8", "INT32": "<i4", "FP32": "<f4", "FP64": "<f8"}
MEDIA_TYPES = ("application/json", "application/octet-stream", "")  # Triton's client names none
HEADER_LENGTH = "HTTP_INFERENCE_HEADER_CONTENT_LENGTH"  # of the binary tensor extension: JSON first, then raw values


class Tensor(msgspec.Struct):
    """One column: *data* is flat or one list per row; without it the values follow the JSON as bytes."""

    name: str
    shape: Annotated[list[Annotated[int, Meta(ge=0)]], Meta(min_length=1, max_length=2)]
    datatype: str
    data: list[Any] | None = None
    parameters: dict[str, Any] = {}  # noqa: RUF012  # msgspec copies an empty default


class Wanted(msgspec.Struct):
    """An output that the client asks for by name."""

    name: str


class InferRequest(msgspec.Struct):
    """The body of infer, as far as it matters to one model with one output."""

    inputs: list[Tensor]
    id: str | None = None
    outputs: list[Wanted] | None = None


class Inference:
    """The routes that a V2 client calls."""

    def __init__(self, serving: Serving, limits: Limits) -> None:
        self._serving, self._limits = serving, limits

    def register(self, app: Flask) -> None:
        """Add the routes to *app*; those of a model exist with and without its version."""
        app.add_url_rule("/v2", "/v2", view_func=self.server)
        app.add_url_rule("/v2/health/live", "/v2/health/live", view_func=self.live)
        app.add_url_rule("/v2/health/ready", "/v2/health/ready", view_func=self.ready)
        for path in ("/v2/models/<name>", "/v2/models/<name>/versions/<version>"):
            app.add_url_rule(path, path, view_func=self.model)
            app.add_url_rule(f"{path}/ready", f"{path}/ready", view_func=self.model_ready)
            app.add_url_rule(f"{path}/infer", f"{path}/infer", view_func=self._infer, methods=["POST"])

    def server(self) -> Response:
        """What this server is."""
        return reply({"name": "trainyard", "version": "2", "extensions": ["binary_tensor_data"]})

    def live(self) -> Response:
        """The process answers."""
        return reply({"live": True})

    def ready(self) -> Response:
        """A model is served."""
        self._serving.require()
        return reply({"ready": True})

    def model(self, name: str, version: str | None = None) -> Response:
        """The tensors that the model takes and gives."""
        served = self._named(name, version)
        schema = served.predictor.schema
        inputs = [_described(field.name, DATATYPES[field.dtype]) for field in schema.fields]
        outputs = [_described(schema.output.name, "FP32")]
        versions = {"versions": [served.predictor.release.version]}
        return reply({"name": name, "platform": "onnxruntime_onnx", "inputs": inputs, "outputs": outputs} | versions)

    def model_ready(self, name: str, version: str | None = None) -> Response:
        """This model is served."""
        self._named(name, version)
        return reply({"name": name, "ready": True})

    def infer(self, environ: WSGIEnvironment, name: str, version: str | None = None) -> Response:
        """One output value for each row of the tensors."""
        served = self._named(name, version)
        schema, release = served.predictor.schema, served.predictor.release
        with self._limits.body(environ, *MEDIA_TYPES, split=environ.get(HEADER_LENGTH)) as body:
            asked = decode(body.data, body.split)
            for wanted in asked.outputs or []:
                if wanted.name != schema.output.name:
                    raise _invalid(f"there is no output {short(wanted.name)}; the model gives {schema.output.name}")
            values = run(environ, served, served.reader.take(records(asked.inputs, served.reader)))
        output = _described(schema.output.name, "FP32") | {"shape": [len(values)], "data": values}
        content = {"model_name": release.name, "model_version": release.version, "outputs": [output]}
        if asked.id is not None:
            content["id"] = asked.id
        return Prediction(msgspec.json.encode(content), release.version)

    def _infer(self, name: str, version: str | None = None) -> Response:
        return self.infer(request.environ, name, version)

    def _named(self, name: str, version: str | None) -> Served:
        served = self._serving.require() if version else self._serving.choose()
        release = served.predictor.release
        if name != release.name or version not in (None, release.version):
            detail = f"The model served here is {release.name}, version {release.version}."
            raise Problem(404, "http-404", detail)
        return served


def decode(body: bytes | bytearray, end: int) -> InferRequest:
    """The request, whose JSON ends at *end*, with the binary values of each tensor put into its data."""
    try:
        asked = msgspec.convert(parse(memoryview(body)[:end]), InferRequest)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    for tensor in asked.inputs:
        size = tensor.parameters.get("binary_data_size")
        if tensor.data is None and isinstance(size, int) and 0 <= size <= len(body) - end:
            tensor.data = from_bytes(tensor, memoryview(body)[end : end + size])
            end += size
    return asked


def from_bytes(tensor: Tensor, raw: memoryview) -> list[Any]:
    """Values of the binary extension; NaN is null, as in JSON."""
    kind = BINARY.get(tensor.datatype)
    if kind is None or len(raw) % np.dtype(kind).itemsize:
        raise _invalid(f"tensor {short(tensor.name)}: binary data must be of {', '.join(BINARY)}")
    return [None if value != value else value for value in np.frombuffer(raw, kind).tolist()]


def records(tensors: list[Tensor], reader: Reader) -> list[dict[str, Any]]:
    """Tensors of shape [N] or [N, 1] as N rows; raise Problem 422 where shapes and values disagree."""
    columns: dict[str, list[Any]] = {}
    reader.check_size(0, len(tensors))
    for tensor in tensors:
        reader.check_size(len(tensor.data or ()), 0)
        data = tensor.data or []
        values = [row[0] if isinstance(row, list) and len(row) == 1 else row for row in data]
        if len(values) != tensor.shape[0] or tensor.shape[1:] not in ([], [1]):
            raise _invalid(f"tensor {short(tensor.name)} has shape {short(str(tensor.shape))} and {len(values)} values")
        columns[tensor.name] = values
    if len({len(values) for values in columns.values()}) > 1:
        raise _invalid("all tensors must have the same number of rows")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _described(name: str, datatype: str) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [-1]}


def _invalid(why: str) -> Problem:
    return Problem(422, "invalid-input", f"The request is not an inference request: {why}.")

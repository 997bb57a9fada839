"""The OpenAPI 3.1 document of the served model, made from its own description. Knows no requests."""

from collections.abc import Sequence
from typing import Any

from services.model_server.fields import Field
from services.model_server.predictor import Predictor

Json = dict[str, Any]
PROBLEM = {"$ref": "#/components/schemas/Problem"}
MOST_CHOICES = 10  # names of one field's values in its description
REFUSALS = {
    400: "The body is not JSON (or CSV).",
    401: "The API key is missing or not known.",
    403: "Sent by a browser for the page of another site.",
    413: "Too many bytes, values or rows.",
    415: "Another media type than those listed.",
    421: "The Host header names a host that the server does not answer for.",
    422: "Something in the request cannot be used; errors names each field.",
    503: "No model is served yet, or too much is asked at once; see Retry-After.",
}


def document(served: Predictor | None, max_rows: int) -> Json:
    """The whole document; without a model, the routes that need none."""
    paths: Json = {
        "/health/live": _get("The process answers"),
        "/health/ready": _get("A model is served", 503),
        "/ping": _get("A model is served, as MLflow asks", 503),
        "/version": _get("The version of MLflow's protocol", media="text/plain", content={"type": "string"}),
        "/model": _get("The served model: fields, output, metrics, versions", 503),
        "/model/reload": {"post": _operation("Look at the registry now", 401, 503, success=202)},
        "/v2": _get("This server, as V2 asks"),
        "/v2/health/live": _get("The process answers, as V2 asks"),
        "/v2/health/ready": _get("A model is served, as V2 asks", 503),
    }
    schemas: Json = {"Problem": _problem(), "Assumed": _assumed()}
    version = "none"
    if served is not None:
        version = served.release.version
        schemas |= _schemas(served, max_rows)
        paths |= _predictions(served.release.name, version)
    about = "Predicts with the model that the registry's alias points at. Errors are RFC 9457 problem documents."
    info = {"title": "Trainyard model server", "version": version, "description": about}
    keys = {"ApiKey": {"type": "http", "scheme": "bearer", "description": "Only where the server has API keys."}}
    components = {"schemas": schemas, "securitySchemes": keys}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": components}


def row(fields: Sequence[Field], ignored: Sequence[str] = ()) -> Json:
    """The JSON schema of one row."""
    left_out = f" These columns may be sent too and are left out: {', '.join(ignored)}." if ignored else ""
    return {
        "type": "object",
        "description": f"One row. Names of fields are taken in any case.{left_out}",
        "properties": {field.name: _field(field) for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
        "example": {field.name: field.example for field in fields if field.example is not None},
    }


def _field(field: Field) -> Json:
    number: Json = {"type": "integer" if field.whole else "number"}
    number |= {k: v for k, v in (("minimum", field.minimum), ("maximum", field.maximum)) if v is not None}
    choices = [number]
    if field.format:
        choices.insert(0, {"type": "string", "format": "date-time"})
    if field.nullable or field.when_missing:
        choices.append({"type": "null"})
    schema = choices[0] if len(choices) == 1 else {"anyOf": choices}
    unit = f" ({field.unit})" if field.unit and not field.format else ""
    zone = f"; {field.zone} when it has no offset" if field.format else ""
    default = "; now when it is missing" if field.when_missing else ""
    also = f"; also sent as {', '.join(field.aliases)}" if field.aliases else ""
    description = f"{field.description}{unit}{zone}{default}{_named(field.choices or {})}{also}"
    return schema | {"description": description, "title": field.name}


def _named(choices: dict[str, str]) -> str:
    """The names of values as text, since they are no bound; of a long list its beginning."""
    shown = list(choices.items())[:MOST_CHOICES]
    more = f", and {len(choices) - len(shown)} more at /model" if len(choices) > len(shown) else ""
    return ": " + ", ".join(f"{number} = {name}" for number, name in shown) + more if shown else ""


def _schemas(served: Predictor, max_rows: int) -> Json:
    output = served.schema.output
    figure = {"type": "number", "description": f"{output.description} ({output.unit or 'no unit'})"}
    one, many = {output.name: figure}, {output.name: {"type": "array", "items": figure}}
    rows = {"type": "array", "items": _ref("Row"), "minItems": 1, "maxItems": max_rows}
    numbers = {"type": "array", "items": {}}
    tensor = {
        "type": "object",
        "required": ["name", "shape", "datatype"],
        "properties": {
            "name": {"type": "string"},
            "shape": {
                "type": "array",
                "items": {"type": "integer", "minimum": 0},
                "minItems": 1,
                "maxItems": 2,
            },
            "datatype": {"type": "string", "examples": ["INT64", "FP32", "BYTES"]},
            "data": numbers,
        },
    }
    return {
        "Row": row(served.schema.fields, served.schema.ignored_columns),
        "Rows": rows,
        "Answer": _answer(one),
        "Answers": _answer(many),
        "Tensor": tensor,
        "Predictions": _answer({"predictions": {"type": "array", "items": {"type": "object", "properties": one}}}),
        "Inferred": _object(model_name=_string(), model_version=_string(), outputs=_list(_ref("Tensor"))),
    }


def _predictions(name: str, version: str) -> Json:
    split = _object(columns=_list(_string()), data=_list({"type": "array"}))
    forms = [
        _object(dataframe_split=split),
        _object(dataframe_records=_ref("Rows")),
        _object(instances=_ref("Rows")),
    ]
    forms.append(_object(inputs={"anyOf": [_ref("Rows"), {"type": "object"}]}))
    wanted = _object(inputs=_list(_ref("Tensor")))
    model: Json = {
        "/predict": {
            "post": _operation("Predict one row, a list or a CSV", *REFUSALS, answer=_either("Answer", "Answers"))
            | _body({"application/json": _either("Row", "Rows"), "text/csv": _string()})
        },
        "/invocations": {
            "post": _operation("Predict in MLflow's forms", *REFUSALS, answer=_ref("Predictions"))
            | _body({"application/json": {"oneOf": forms}, "text/csv": _string()})
        },
    }
    for path in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{version}"):
        model[path] = _get("The model's tensors", 404, 503)
        model[f"{path}/ready"] = _get("This model is served", 404, 503)
        infer = _operation("Infer from tensors", 404, *REFUSALS, answer=_ref("Inferred"))
        model[f"{path}/infer"] = {"post": infer | _body({"application/json": wanted})}
    return model


def _answer(figures: Json) -> Json:
    return _object(**figures, model=_string(), model_version=_string(), assumed=_list(_ref("Assumed")))


def _assumed() -> Json:
    optional = {"row": {"type": "integer"}, "rows": {"type": "integer"}}
    schema = _object(field=_string(), value={"type": ["string", "null"]})
    return schema | {"properties": schema["properties"] | optional}


def _problem() -> Json:
    schema = _object(type=_string(), title=_string(), status={"type": "integer"}, detail=_string())
    error = _object(row={"type": "integer"}, field={"type": ["string", "null"]}, message=_string())
    return schema | {"properties": schema["properties"] | {"errors": _list(error), "error": _string()}}


def _operation(summary: str, *refusals: int, answer: Json | None = None, success: int = 200) -> Json:
    responses = {str(success): {"description": "Done.", "content": _content(answer or {"type": "object"})}}
    for status in refusals:
        told = REFUSALS.get(status, "There is no such thing here.")
        responses[str(status)] = {
            "description": told,
            "content": {"application/problem+json": {"schema": PROBLEM}},
        }
    security: list[Json] = [{}, {"ApiKey": []}] if 401 in refusals else []
    return {"summary": summary, "responses": responses, "security": security}


def _get(summary: str, *refusals: int, media: str = "application/json", content: Json | None = None) -> Json:
    operation = _operation(summary, *refusals)
    operation["responses"]["200"]["content"] = {media: {"schema": content or {"type": "object"}}}
    return {"get": operation}


def _body(contents: Json) -> Json:
    return {"requestBody": {"required": True, "content": {media: {"schema": s} for media, s in contents.items()}}}


def _content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _string() -> Json:
    return {"type": "string"}


def _either(*names: str) -> Json:
    return {"oneOf": [_ref(name) for name in names]}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}

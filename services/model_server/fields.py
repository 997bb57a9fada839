"""What a model says about itself: its fields, its output, its name.

Read from the ONNX file's own metadata; where that is silent, from the graph's inputs, unbounded.
Knows nothing of requests.
"""

import re
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from services.model_server import moments

TYPES = {"tensor(int64)": "int64", "tensor(float)": "float32"}
INT64 = (-(2**63), 2**63 - 1)
NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?", re.ASCII)  # of a choice
FLOAT32_MAX = 3.4028234663852886e38
OWN_KEYS = ("fields", "output", "name", "ignored_columns")  # of the metadata


class SchemaError(ValueError):
    """The model cannot be served: says which part of its description is wrong."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One input column. Bounds are inclusive; those of a date-time are seconds since 1970."""

    name: str
    dtype: Literal["int64", "float32"]
    description: str = ""
    unit: str | None = None
    minimum: float | int | None = None
    maximum: float | int | None = None
    example: float | int | str | None = None
    required: bool = True
    nullable: bool = False  # null and a missing field become NaN
    format: Literal["date-time"] | None = None  # ISO 8601 in JSON, seconds since 1970 of local wall time inside
    time_zone: str | None = None  # of a date-time; UTC when it is not given
    when_missing: Literal["now"] | None = None
    choices: dict[str, str] | None = None  # names of values, by the number as text: a help for people, no bound
    aliases: tuple[str, ...] = ()  # other names under which a request may send it

    @property
    def whole(self) -> bool:
        """True for a column of whole numbers."""
        return self.dtype == "int64"

    @property
    def zone(self) -> str:
        """The time zone whose wall time the model was trained on."""
        return self.time_zone or "UTC"

    @property
    def low(self) -> float | int:
        """The least value that may reach the model; never beyond what the type holds."""
        if self.whole:
            return INT64[0] if self.minimum is None else int(self.minimum)
        return -FLOAT32_MAX if self.minimum is None else float(self.minimum)

    @property
    def high(self) -> float | int:
        """The greatest value that may reach the model."""
        if self.whole:
            return INT64[1] if self.maximum is None else int(self.maximum)
        return FLOAT32_MAX if self.maximum is None else float(self.maximum)

    @property
    def kind(self) -> str:
        """What to send, in words: used in every message about this field."""
        what = {"int64": "a whole number", "float32": "a number"}[self.dtype]
        if self.format == "date-time":
            what = f"an ISO 8601 date-time ({self.zone} when it has no offset)"
        bounds = [self.show(bound) for bound in (self.minimum, self.maximum) if bound is not None]
        words = f"{what} from {' to '.join(bounds)}" if len(bounds) == 2 else what
        unit = f" {self.unit}" if self.unit and not self.format else ""
        return words + unit + (" or null" if self.nullable else "")

    def show(self, value: float | int) -> str:
        """*value* as a person would send it."""
        if self.format == "date-time":
            return moments.iso(value)
        return f"{value:g}" if self.dtype == "float32" else str(int(value))

    def check(self) -> None:
        """Refuse a description that no request could satisfy."""
        if self.dtype == "int64" and not (self.required or self.when_missing):
            raise SchemaError(f"field {self.name} is int64, so it cannot be left out: make it required or float32")
        if self.low > self.high:
            raise SchemaError(f"field {self.name} has a minimum above its maximum")
        for number in self.choices or {}:
            if not (NUMBER.fullmatch(number) and self.low <= float(number) <= self.high):
                raise SchemaError(f"field {self.name} has the choice {number}, which is no number within its bounds")
        try:
            ZoneInfo(self.zone)
        except (ValueError, OSError, KeyError) as error:
            raise SchemaError(f"field {self.name} has an unknown time zone, {self.zone}") from error


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """The one figure that the model gives for each row."""

    name: str
    description: str = ""
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a model says about itself; *more* is the rest of its metadata, passed through."""

    fields: tuple[Field, ...]
    output: Output
    name: str | None = None
    ignored_columns: tuple[str, ...] = ()  # names that may be sent beside the fields, and are left out
    more: dict[str, Any] = {}  # noqa: RUF012  # msgspec copies an empty default


def read_schema(inputs: list[Any], outputs: list[Any], metadata: dict[str, str]) -> Schema:
    """Join the graph's *inputs* and *outputs* with its *metadata*; raise SchemaError where they disagree."""
    graph = {node.name: TYPES.get(node.type) for node in inputs}
    if bad := [f"{node.name} {node.type}" for node in inputs if graph[node.name] is None or len(node.shape) != 1]:
        raise SchemaError(f"inputs must be columns of int64 or float32; these are not: {', '.join(bad)}")
    if len(outputs) != 1 or outputs[0].type != "tensor(float)":
        raise SchemaError("the model must have one float32 output")
    try:
        fields = _described(metadata["fields"]) if "fields" in metadata else _inferred(graph)
        said, ignored = metadata.get("output"), metadata.get("ignored_columns", "[]")
        output = msgspec.json.decode(said, type=Output) if said else Output(name=outputs[0].name)
        left_out = msgspec.json.decode(ignored, type=tuple[str, ...])
    except msgspec.MsgspecError as error:
        raise SchemaError(f"the model's metadata cannot be read: {error}") from error
    if {field.name: field.dtype for field in fields} != graph:
        raise SchemaError(f"the metadata describes {[f.name for f in fields]}, the graph takes {list(graph)}")
    for field in fields:
        field.check()
    more = {key: _plain(text) for key, text in metadata.items() if key not in OWN_KEYS}
    return Schema(fields=fields, output=output, name=metadata.get("name"), ignored_columns=left_out, more=more)


def _described(text: str) -> tuple[Field, ...]:
    return msgspec.json.decode(text, type=tuple[Field, ...])


def _inferred(graph: dict[str, str | None]) -> tuple[Field, ...]:
    return msgspec.convert([{"name": name, "dtype": dtype} for name, dtype in graph.items()], tuple[Field, ...])


def _plain(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return text

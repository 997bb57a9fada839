"""From a request's bytes to columns: one pass of a decoder that is made from the model's fields.

Only when that pass fails are other names of the fields looked for, and then careful.py names every bad field.
Knows the fields, not the model; rows come out in the order of the fields.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import astuple

from services.model_server import moments
from services.model_server.careful import check_count, examine, parse
from services.model_server.column_names import ColumnNames
from services.model_server.fields import Field
from services.model_server.problems import MAX_ERRORS, Problem

NAN = float("nan")


class Assumed(msgspec.Struct, omit_defaults=True):
    """A field that the request left out and the value taken for it (null: missing).

    In the answer to a list: the first *row* where it happened, and in how many *rows*.
    """

    field: str
    value: str | None
    row: int | UnsetType = UNSET
    rows: int | UnsetType = UNSET


class Rows(msgspec.Struct):
    """What was asked: the *values* of one row, or the *columns* of many; the other one is empty."""

    values: list[Any]
    columns: list[list[Any]]
    count: int
    assumed: list[Assumed]

    @property
    def single(self) -> bool:
        """True when the request was one object, so that the answer is one too."""
        return bool(self.values)


def _type(field: Field) -> Any:  # noqa: ANN401  # a type that is made here
    """What msgspec must see in JSON; bounds are part of the type, so they cost no second pass."""
    number: Any = Annotated[int if field.whole else float, Meta(ge=field.low, le=field.high)]
    if field.format == "date-time":
        number = number | str
    if field.nullable or field.when_missing:
        number = number | None
    return number if field.required else number | UnsetType


class Reader:
    """Reads requests for one model, which takes no other columns than its *fields* and, to drop them, *ignored* ones.

    *clock* gives the present wall time of a zone in seconds.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        max_rows: int,
        clock: Callable[[str], int] = moments.now,
        *,
        ignored: Sequence[str] = (),
    ) -> None:
        names = [f"f{i}" for i in range(len(fields))]  # field names of a model need not be Python's
        parts = [
            (name, _type(field)) if field.required else (name, _type(field), UNSET)
            for name, field in zip(names, fields, strict=True)
        ]
        rename = {name: field.name for name, field in zip(names, fields, strict=True)}
        row = msgspec.defstruct(
            "Row", parts, rename=rename, forbid_unknown_fields=True, kw_only=True, gc=False, frozen=True
        )
        self.fields, self.names = fields, ColumnNames(fields, ignored)
        self._max_rows, self._clock = max_rows, clock
        self._list: Any = list[row]  # type: ignore[valid-type]  # made at run time
        self._one, self._many = msgspec.json.Decoder(row), msgspec.json.Decoder(self._list)
        self._getters = [attrgetter(name) for name in names]
        self._special = [(i, f) for i, f in enumerate(fields) if f.format or f.nullable or not f.required]

    def check_size(self, rows: int, columns: int) -> None:
        """Raise Problem 413 for more rows than are taken, 422 for far more columns than the model has."""
        check_count(rows, self._max_rows)
        if columns > self.names.count + MAX_ERRORS:  # a few too many are named one by one
            detail = f"The request has {columns} columns; the model takes {self.names.count}."
            raise Problem(422, "invalid-input", detail)

    def read(self, body: bytes | bytearray) -> Rows:
        """One object or a list of them; raise Problem (400, 413 or 422) with everything that is wrong."""
        try:
            if body[:1] != b"[":
                return self._row(list(astuple(self._one.decode(body))))
            rows = self._many.decode(body)
            if 0 < len(rows) <= self._max_rows:
                return self._structs(rows)
        except (ValueError, OverflowError):
            pass  # other names, or something wrong
        data = parse(body)
        if not isinstance(data, dict):
            return self._renamed(data)
        self.names.rename([data])
        return self._row(examine(self.fields, self.names, data, self._max_rows)[0])

    def take(self, rows: object) -> Rows:
        """The same for a list of *rows* that another protocol has already taken out of its own form."""
        return self._converted(rows) or self._renamed(rows)

    def _converted(self, rows: object) -> Rows | None:
        try:
            structs = msgspec.convert(rows, self._list)
            return self._structs(structs) if 0 < len(structs) <= self._max_rows else None
        except (ValueError, OverflowError):
            return None  # other names, or something wrong

    def _renamed(self, rows: object) -> Rows:
        """*rows* under other names than the fields' own; careful.py says what is wrong with them."""
        if isinstance(rows, list):
            check_count(len(rows), self._max_rows)
            if self.names.rename(rows) and (converted := self._converted(rows)):
                return converted
        checked = examine(self.fields, self.names, rows, self._max_rows)
        return self._rows([list(column) for column in zip(*checked, strict=True)], len(checked))

    def _structs(self, structs: list[Any]) -> Rows:
        return self._rows([list(map(getter, structs)) for getter in self._getters], len(structs))

    def _row(self, values: list[Any]) -> Rows:
        assumed = []
        for i, field in self._special:
            value = values[i]
            if value is UNSET or value is None:
                values[i] = self._missing(field)
                if value is UNSET or field.when_missing:
                    assumed.append(Assumed(field.name, self._shown(field, values[i])))
            elif isinstance(value, str):
                values[i] = _seconds(field, value)
        return Rows(values, [], 1, assumed)

    def _rows(self, columns: list[list[Any]], count: int) -> Rows:
        assumed = []
        for i, field in self._special:
            column = columns[i]
            if set(map(type, column)) <= {int, float}:
                continue  # nothing left out, nothing to convert: most columns of most requests
            missing = self._missing(field)
            gone = UNSET if UNSET in column else None
            if gone in column and (gone is UNSET or field.when_missing):
                many = sum(value is UNSET or (value is None and bool(field.when_missing)) for value in column)
                assumed.append(Assumed(field.name, self._shown(field, missing), column.index(gone), many))
            columns[i] = [
                missing
                if value is None or value is UNSET
                else _seconds(field, value)
                if isinstance(value, str)
                else value
                for value in column
            ]
        return Rows([], columns, count, assumed)

    def _missing(self, field: Field) -> float | int:
        return self._clock(field.zone) if field.when_missing else NAN

    def _shown(self, field: Field, value: float | int) -> str | None:
        return field.show(value) if field.when_missing else None


def _seconds(field: Field, text: str) -> int:
    value = moments.seconds(text, field.zone)
    if not field.low <= value <= field.high:
        raise ValueError(text)
    return value

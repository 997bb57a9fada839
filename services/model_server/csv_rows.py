"""Rows from a CSV with a header line, whatever path they come by."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from services.model_server.careful import invalid, short
from services.model_server.column_names import ColumnNames
from services.model_server.payload import Reader
from services.model_server.problems import MAX_ERRORS, FieldError, Problem


def from_csv(body: bytes | bytearray, reader: Reader) -> list[object]:
    """Return the rows of *body* by field name; an empty cell is null, an ignored column is left out.

    Raise Problem 400 when *body* is not CSV, 413 or 422 for its size or its header. No line is kept longer than it
    is worked on.
    """
    kinds = {field.name: float if field.dtype == "float32" else int for field in reader.fields}
    rows: list[object] = []
    try:
        lines = csv.reader(io.TextIOWrapper(io.BytesIO(body), "utf-8-sig", newline=""))  # spreadsheets put a mark first
        header = next(lines, [])
        reader.check_size(0, len(header))
        columns = [(place, field, kinds[field]) for place, field in enumerate(fields_of(header, reader.names)) if field]
        for line in filter(None, lines):
            if len(line) != len(header):
                detail = f"Line {lines.line_num} has {len(line)} values; each must have as many values as the header, "
                raise Problem(422, "invalid-input", f"{detail}{len(header)}.")
            rows.append({field: _cell(line[place], kind) for place, field, kind in columns})
            reader.check_size(len(rows), 0)
    except (UnicodeDecodeError, csv.Error) as error:
        raise Problem(400, "malformed", f"The body is not CSV in UTF-8: {error}") from None
    return rows


def fields_of(header: Sequence[str], names: ColumnNames) -> list[str | None]:
    """Return the field of each column, None for an ignored one; raise Problem 422 that names every wrong column."""
    given: dict[str, str] = {}
    fields, errors = list[str | None](), list[FieldError]()
    for number, name in enumerate(header, 1):
        field = names.field(name)
        if not name:
            why = f"column {number} of the header has no name; leave it out (pandas: to_csv(..., index=False))"
            errors.append(FieldError(0, None, why))
        elif field in given or (field is None and not names.ignores(name)):
            errors.append(FieldError(0, short(name), names.why(name, given.get(field or ""))))
        elif field is not None:
            given[field] = name
        fields.append(field)
        if len(errors) == MAX_ERRORS:
            break
    if errors:
        raise invalid(errors)
    return fields


def _cell(text: str, kind: type) -> Any:
    if text == "":
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if kind is int and number == number // 1 else number

"""The slow second look at a request that the fast decoder refused: names every bad field and a remedy.

Takes what JSON allows and a person means (130.0 for a whole number); refuses everything else.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from services.model_server import moments
from services.model_server.column_names import ColumnNames
from services.model_server.fields import Field
from services.model_server.problems import MAX_ERRORS, FieldError, Problem
from services.model_server.sizes import too_deep

LONGEST_VALUE = 100  # characters of a bad name or value that are sent back
INT64_BITS = 63


def parse(body: bytes | bytearray | memoryview) -> object:
    """Any JSON; raise Problem 400 when it is none."""
    try:
        if too_deep(body):  # looked for first: where Python lets C nest deeper than a thread has stack, it would crash
            raise RecursionError
        return msgspec.json.decode(body)
    except RecursionError:
        raise Problem(400, "malformed", "The JSON is nested too deeply; send an object or a list of objects.") from None
    except ValueError as error:  # msgspec's errors and bytes that are not UTF-8
        why = str(error).removeprefix("JSON is malformed: ") if body else "the body is empty"
        detail = f"The body is not JSON: {why}. NaN and Infinity are not JSON; send null for a missing value."
        raise Problem(400, "malformed", detail) from None


def examine(fields: Sequence[Field], names: ColumnNames, data: object, max_rows: int) -> list[list[Any]]:
    """The values of each row in the order of *fields*, UNSET where left out; raise Problem 413 or 422.

    The rows have their fields' own names already, where *names* knows them.
    """
    rows = [data] if isinstance(data, dict) else data
    if not isinstance(rows, list):
        raise Problem(422, "invalid-input", "Send a JSON object (one row) or a list of objects (many rows).")
    if not rows:
        raise Problem(422, "invalid-input", "The list is empty; send at least one row.")
    check_count(len(rows), max_rows)
    errors: list[FieldError] = []
    values = []
    for number, row in enumerate(rows):
        values.append(_row(fields, names, row, number, errors))
        if len(errors) >= MAX_ERRORS:
            break
    if errors:
        raise invalid(errors)
    return values


def check_count(rows: int, max_rows: int) -> None:
    """Raise Problem 413 for more than *max_rows* rows."""
    if rows > max_rows:
        detail = f"The request has {rows} rows; at most {max_rows} are taken. Send several requests."
        raise Problem(413, "too-many-rows", detail)


def invalid(errors: list[FieldError]) -> Problem:
    """The 422 that lists *errors*; nothing was looked at after MAX_ERRORS of them."""
    first = f"{errors[0].field}: {errors[0].message}" if errors[0].field else errors[0].message
    many = "At least " * (len(errors) == MAX_ERRORS) + f"{len(errors)} fields are wrong. The first: "
    return Problem(422, "invalid-input", first if len(errors) == 1 else many + first, errors=errors)


def _row(fields: Sequence[Field], names: ColumnNames, row: object, number: int, errors: list[FieldError]) -> list[Any]:
    if not isinstance(row, dict):
        errors.append(FieldError(number, None, "this row is not an object; send {field: value, ...}", _short(row)))
        return []
    known = {field.name for field in fields}
    for name in row:
        if len(errors) >= MAX_ERRORS:
            return []
        if name not in known:
            errors.append(FieldError(number, short(name), names.why(name), _short(row[name])))
    values = []
    for field in fields[: MAX_ERRORS - len(errors)] if errors else fields:
        try:
            values.append(value(field, row.get(field.name, UNSET)))
        except ValueError as error:
            errors.append(FieldError(number, field.name, str(error), _short(row.get(field.name, UNSET))))
    return values


def value(field: Field, given: object) -> float | int | UnsetType | None:
    """*given* as the model takes it, UNSET or None; raise ValueError whose text says what to send instead."""
    if given is UNSET:
        if field.required:
            raise ValueError(f"is missing; send {field.kind}")
        return UNSET
    if given is None and (field.nullable or field.when_missing):
        return None
    number = _number(field, given)
    if not field.low <= number <= field.high:
        bounds = f"{field.show(field.low)} to {field.show(field.high)}"
        raise ValueError(f"{_short(given)} is outside {bounds}; send {field.kind}")
    return number if field.whole else float(number)


def _number(field: Field, given: object) -> float | int:
    if isinstance(given, str) and field.format == "date-time":
        try:
            return moments.seconds(given, field.zone)
        except (ValueError, OverflowError):
            raise ValueError(f"is not a date-time; send {field.kind}, such as 2026-11-21T07:34:00") from None
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ValueError(f"is {_what(given)}; send {field.kind}")
    if field.dtype == "float32":
        return given  # an int as it is: it may be greater than any float
    if given != given or given in (float("inf"), float("-inf")) or int(given) != given:
        raise ValueError(f"{_short(given)} is not a whole number; send {field.kind}")
    return int(given)


def _what(given: object) -> str:
    names = {str: "a string", bool: "true or false", dict: "an object", list: "a list", type(None): "null"}
    return names.get(type(given), "not a number")


def short(text: str) -> str:
    """*text* as it is sent back."""
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"


def _short(given: object) -> object:
    if isinstance(given, str):
        return short(given)
    if isinstance(given, dict | list):
        return _what(given)
    if isinstance(given, int) and given.bit_length() > INT64_BITS:
        return short(str(given))
    return given

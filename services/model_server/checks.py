"""What a model must pass before it is served: a finite answer to its own example, and no client broken."""

import math
from collections.abc import Iterator

from services.model_server import careful
from services.model_server.fields import Field, Schema
from services.model_server.predictor import ModelError, Predictor

SLACK = 1e-3  # an output may stand this far outside its stated bounds: float32 of a clipped value


def example(fields: tuple[Field, ...]) -> list[object]:
    """One row of the model's own examples; a field without one takes its minimum, or 1."""
    return [_example(field) for field in fields]


def _example(field: Field) -> object:
    given = field.example
    if given is None:
        return float("nan") if field.nullable else 1 if field.minimum is None else field.low
    try:
        return careful.value(field, given)
    except ValueError as error:
        raise ModelError(f"the example of its field {field.name} {error}") from error


def check(new: Predictor, served: Schema | None) -> None:
    """Warm *new* up on its own example; raise ModelError when it must not take the place of *served*."""
    if served is not None:
        compatible(new.schema, served)
    row = example(new.schema.fields)
    try:
        one = new.one(row)
        many = new.many([[value] * 3 for value in row]).tolist()
    except Exception as error:  # ONNX Runtime raises a class of its own for each cause
        raise ModelError(f"it fails on its own example: {error}") from error
    if not all(math.isfinite(value) for value in (one, *many)):
        raise ModelError(f"its answer to its own example is not finite: {one}")
    if len(many) != 3 or max(abs(value - one) for value in many) > SLACK:
        raise ModelError(f"a row alone gives {one}, the same row in a batch {many}")
    output = new.schema.output
    low = -math.inf if output.minimum is None else output.minimum
    high = math.inf if output.maximum is None else output.maximum
    if not low - SLACK <= one <= high + SLACK:
        raise ModelError(f"its answer to its own example, {one}, is outside {low} to {high}")


def compatible(new: Schema, served: Schema) -> None:
    """Raise ModelError when a request that *served* answers would be refused by *new*."""
    fields, before = ({field.name: field for field in schema.fields} for schema in (new, served))
    wrong = [f"it has no field {name}" for name in before.keys() - fields.keys()]
    wrong += [f"it requires the new field {n}" for n in fields.keys() - before.keys() if fields[n].required]
    for name in sorted(fields.keys() & before.keys()):
        wrong += [f"its field {name} {how}" for how in _narrower(fields[name], before[name])]
    for what in ("name", "unit"):
        now, was = getattr(new.output, what), getattr(served.output, what)
        if was is not None and now != was:
            wrong.append(f"its output's {what} is {now}, not {was}")
    known = {name.casefold() for name in (*fields, *new.ignored_columns)}
    wrong += [f"it refuses the column {name}" for name in served.ignored_columns if name.casefold() not in known]
    if wrong:
        remedy = "; have it take what is taken now, or register it under another name"
        raise ModelError("requests that are answered now would fail: " + "; ".join(wrong) + remedy)


def _narrower(new: Field, old: Field) -> Iterator[str]:
    """How *new* refuses, or takes for something else, what *old* takes."""
    if new.dtype != old.dtype:
        yield f"is {new.dtype}, not {old.dtype}"
    if new.required and not old.required:
        yield "is required"
    if (old.nullable or old.when_missing) and not (new.nullable or new.when_missing):
        yield "takes no null"
    if old.when_missing and new.when_missing != old.when_missing:
        yield f"is no longer {old.when_missing} when it is missing"
    if new.format != old.format and old.format:
        yield f"is no {old.format}"
    if old.format and new.zone != old.zone:
        yield f"is in the time zone {new.zone}, not {old.zone}"
    if old.unit is not None and new.unit != old.unit:
        yield f"is in {new.unit}, not {old.unit}"
    if gone := {alias.casefold() for alias in old.aliases} - {alias.casefold() for alias in new.aliases}:
        yield f"is no longer called {', '.join(sorted(gone))} too"
    if new.low > old.low or new.high < old.high:
        yield f"takes {new.show(new.low)} to {new.show(new.high)}, not {old.show(old.low)} to {old.show(old.high)}"

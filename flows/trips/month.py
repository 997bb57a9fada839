"""Months, as parameters and as ranges of time. Knows no data."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

FIRST_MONTH = "2013-08"  # green taxis began
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def _checked_month(text: str) -> str:
    if not _MONTH.fullmatch(text):
        raise ValueError(f"month {text!r} is not a month: write year and month as 2023-01 (months are 01 to 12)")
    if text < FIRST_MONTH:
        raise ValueError(f"month {text!r} is before {FIRST_MONTH}, when green taxis began: choose a later one")
    return text


def _checked_months(text: str) -> str:
    first, _, last = text.partition("..")
    _checked_month(first)
    if last or text.endswith(".."):
        _checked_month(last)
        if last < first:
            raise ValueError(f"months {text!r} end before they begin: write the earlier one first, as 2023-01..2023-03")
    return text


Month = Annotated[
    str,
    AfterValidator(_checked_month),
    WithJsonSchema({"type": "string", "pattern": f"^{_MONTH.pattern}$", "examples": ["2023-01"]}),
]
Months = Annotated[
    str,
    AfterValidator(_checked_months),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^{_MONTH.pattern}(\.\.{_MONTH.pattern})?$",
            "examples": ["2023-01", "2023-01..2023-03"],
        }
    ),
]


def following(month: str) -> str:
    """Return the month after *month*: 2023-12 gives 2024-01."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02d}"


def each(months: str) -> list[str]:
    """Return the single months of one month or a range `from..to`, in order, both ends included."""
    first, _, last = months.partition("..")
    found = [first]
    while found[-1] < (last or first):
        found.append(following(found[-1]))
    return found


def bounds(month: str) -> tuple[datetime, datetime]:
    """Return the first instant of *month* and of the month after it (local time of New York)."""
    return datetime.fromisoformat(f"{month}-01"), datetime.fromisoformat(f"{following(month)}-01")

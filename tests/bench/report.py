"""Writes the figures of a part as var/bench/<part>.json, and as a table of plain text beside their aims."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path("var/bench")
Aims = Mapping[str, tuple[str, float]]  # figure: ("<=" or ">=", bound)


def write(part: str, figures: Mapping[str, Any], folder: Path = FOLDER) -> Path:
    """Write *figures* and return the file; one that was there is replaced only by a whole one."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{part}.json"
    beside = path.with_suffix(".json.part")
    beside.write_text(json.dumps(figures, indent=2) + "\n")
    return beside.replace(path)


def table(part: str, figures: Mapping[str, Any], aims: Aims, path: Path) -> str:
    """Return one line per figure, nested ones named with dots; a figure with an aim says whether it was reached."""
    rows = [(name, _text(value), _aim(value, aims.get(name))) for name, value in flat(figures)]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"  {name:<{widths[0]}}  {value:>{widths[1]}}  {aim}".rstrip() for name, value, aim in rows]
    return "\n".join([f"{part} ({path})", *lines])


def flat(figures: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each figure that is no mapping, as ("outer.inner", value)."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _text(value: Any) -> str:
    if isinstance(value, float) and abs(value) < 1000:
        return f"{value:.4g}"
    return f"{value:,.0f}" if isinstance(value, int | float) else str(value)


def _aim(value: Any, aim: tuple[str, float] | None) -> str:
    if aim is None:
        return ""
    sign, bound = aim
    reached = value <= bound if sign == "<=" else value >= bound
    return f"aim {sign} {_text(bound)}: {'reached' if reached else 'MISSED'}"

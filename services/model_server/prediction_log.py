"""The worker's half of the prediction log: predictions become small files that log_writer.py collects.

Files, so that neither a slow lake nor a killed process loses what was answered or slows an answer.
"""

import itertools
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from services.model_server.notes import Note

FOLDER = "prediction-log"  # in the model folder
MOST_BYTES = 256_000_000  # waiting for the lake, about 2 million rows; beyond it rows are dropped and counted


class Entry(msgspec.Struct, array_like=True):
    """One request: its id, when it came (seconds since 1970), how long it took, rows with the output last."""

    id: str
    at: float
    seconds: float
    rows: list[list[Any]]


class Logged(msgspec.Struct):
    """Requests that one model version answered; *fields* are name and dtype, the output's last."""

    model: str
    version: str
    fields: list[tuple[str, str]]
    entries: list[Entry]


class PredictionLog:
    """Collects until ``flush``, once a second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        self._numbers = itertools.count()
        self._waiting: dict[str, Logged] = {}
        self.rows = self.dropped_rows = 0

    def keep(self, notes: Iterable[Note]) -> None:
        """Take what *notes* have of inputs and outputs."""
        for note in notes:
            if note.served is None or note.rows is None:
                continue
            release, schema = note.served.predictor.release, note.served.predictor.schema
            logged = self._waiting.get(release.version)
            if logged is None:
                fields = [(field.name, field.dtype) for field in schema.fields]
                logged = Logged(release.name, release.version, [*fields, (schema.output.name, "float32")], [])
                self._waiting[release.version] = logged
            rows = [note.rows.values] if note.rows.single else zip(*note.rows.columns, strict=True)
            found = [[*row, output] for row, output in zip(rows, note.outputs, strict=True)]
            logged.entries.append(Entry(note.id, note.at, note.seconds, found))

    def flush(self) -> None:
        """Write what was collected as one file, or drop it when too many files wait for the lake."""
        waiting, self._waiting = self._waiting, {}
        count = sum(len(entry.rows) for logged in waiting.values() for entry in logged.entries)
        if count == 0:
            return
        if sum(path.stat().st_size for path in self._folder.glob("*.msgpack")) > MOST_BYTES:
            self.dropped_rows += count
            return
        path = self._folder / f"{time.time_ns()}-{os.getpid()}-{next(self._numbers)}.msgpack"
        fresh = path.with_suffix(".new")
        fresh.write_bytes(msgspec.msgpack.encode(list(waiting.values())))
        fresh.rename(path)
        self.rows += count


def waits(folder: Path) -> bool:
    """Whether something below the model *folder* is to be brought to the lake."""
    return any(path.suffix != ".new" for path in (folder / FOLDER).glob("*"))

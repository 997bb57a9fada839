"""Turns finished requests into metrics, access log, prediction log and the shadow's comparison.

One thread per worker, beside the requests; nothing here can slow, fail or change an answer.
"""

import logging
import os
import random
import sys
import threading
import time
from datetime import UTC, datetime

import msgspec
import numpy as np

from services.model_server.limits import Limits
from services.model_server.metrics import DIFFERENCES, FOLDER, Metrics
from services.model_server.notes import Note, Notes
from services.model_server.prediction_log import PredictionLog
from services.model_server.serving import Served, Serving
from services.model_server.settings import Settings

TAKE_SECONDS, FLUSH_SECONDS = 0.02, 1.0  # a take of a tenth of a second held up requests for 3 ms
log = logging.getLogger("model_server.recorder")


class Recorder:
    """``run`` takes notes until it is told to stop; ``flush`` writes what they came to."""

    def __init__(self, notes: Notes, serving: Serving, limits: Limits, settings: Settings) -> None:
        self._notes, self._serving, self._limits, self._settings = notes, serving, limits, settings
        self._metrics = Metrics(settings.model_dir / FOLDER / f"{os.getpid()}.json")
        self._log = PredictionLog(settings.model_dir) if settings.prediction_log_url else None
        self._lock = threading.Lock()  # the last flush comes from another thread

    def run(self, stop: threading.Event) -> None:
        """Take often and little, flush every second."""
        flushed = time.monotonic()
        while not stop.wait(TAKE_SECONDS):
            try:
                self.take()
                if time.monotonic() - flushed >= FLUSH_SECONDS:
                    self.flush()
                    flushed = time.monotonic()
            except Exception:  # a full disk must not end the recording
                log.exception("event=recording_failed")
                flushed = time.monotonic() + 10

    def take(self) -> None:
        """Fold what waits."""
        with self._lock:
            notes = self._notes.take()
            if not notes:
                return
            self._metrics.fold(notes)
            if self._settings.model_server_access_log == "on":
                _write_lines(notes)
            if self._log:
                self._log.keep(notes)
            self._shadow(notes)

    def flush(self) -> None:
        """Put sums and logged predictions on disk."""
        with self._lock:
            if self._log:
                self._log.flush()
                dropped = self._log.dropped_rows + self._notes.dropped_rows
                self._metrics.put("prediction_log_rows_total", self._log.rows)
                self._metrics.put("prediction_log_dropped_rows_total", dropped)
            self._metrics.put("slow_connections_total", self._limits.slow)
            self._metrics.put("swaps_total", self._serving.swaps)
            self._metrics.put("load_failures_total", self._serving.failures)
            self._metrics.write()

    def finish(self) -> None:
        """The last words of a worker."""
        self.take()
        self.flush()

    def _shadow(self, notes: list[Note]) -> None:
        """Have the candidate predict what the champion answered, for a share of the requests, and compare."""
        share, candidate = self._settings.model_shadow_percent / 100, self._serving.candidate
        if not share or candidate is None:
            return
        for note in notes:
            if note.served is self._serving.champion and note.rows and random.random() < share:
                self._compare(note, candidate)

    def _compare(self, note: Note, candidate: Served) -> None:
        if note.served is None or note.rows is None:
            return
        names = [field.name for field in note.served.predictor.schema.fields]
        values = note.rows.columns or [[value] for value in note.rows.values]
        missing = [float("nan")] * note.rows.count
        given = dict(zip(names, values, strict=True))
        columns = [given.get(field.name, missing) for field in candidate.predictor.schema.fields]
        shadowed = candidate.predictor.many(columns)
        differences = np.abs(shadowed - np.asarray(note.outputs, np.float32)).tolist()
        version = candidate.predictor.release.version
        self._metrics.add("shadow_rows_total", len(differences), version=version)
        self._metrics.observe("shadow_difference", differences, DIFFERENCES, version=version)


def _write_lines(notes: list[Note]) -> None:
    """One JSON line per request on standard output, all in one write."""
    lines = [
        msgspec.json.encode(
            {
                "time": datetime.fromtimestamp(note.at, UTC),
                "event": "request",
                "request_id": note.id,
                "client": note.client,
                "method": note.method,
                "route": note.route,
                "status": note.status,
                "ms": round(note.seconds * 1000, 3),
                "rows": len(note.outputs),
                "model_version": note.served.predictor.release.version if note.served else None,
            }
        )
        for note in notes
    ]
    sys.stdout.buffer.write(b"\n".join(lines) + b"\n")
    sys.stdout.buffer.flush()

"""Counts of one worker as Prometheus series, in a file of its own; exporter.py adds the workers up."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from services.model_server import releases
from services.model_server.fields import Output
from services.model_server.notes import Note

FOLDER = "metrics"  # in the model folder: one file per worker of this start, dead ones too, so no sum goes down
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
ROWS = (1.0, 10.0, 100.0, 1000.0, 10_000.0)
DIFFERENCES = (0.001, 0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
OUTPUT_STEPS = 20
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")  # a client may invent others


class Metrics:
    """Adds up; ``write`` puts the sums where the exporter finds them."""

    def __init__(self, path: Path) -> None:
        self._path, self._series = path, defaultdict[str, float](float)

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Count *amount* more of a series."""
        self._series[series(name, labels)] += amount

    def put(self, name: str, value: float) -> None:
        """Set a sum that is kept elsewhere."""
        self._series[name] = value

    def observe(self, name: str, values: Iterable[float], edges: Sequence[float], **labels: str) -> None:
        """Count *values* into the cumulative buckets of a histogram."""
        found = sorted(value for value in values if value == value)
        for edge in edges:
            self.add(f"{name}_bucket", bisect_right(found, edge), **labels, le=f"{edge:g}")
        self.add(f"{name}_bucket", len(found), **labels, le="+Inf")
        self.add(f"{name}_sum", sum(found), **labels)
        self.add(f"{name}_count", len(found), **labels)

    def fold(self, notes: Iterable[Note]) -> None:
        """Count finished requests; grouped first, since there are thousands in a second."""
        statuses, seconds = defaultdict[tuple[str, str, int], int](int), defaultdict[str, list[float]](list)
        outputs: defaultdict[tuple[str, Output], list[float]] = defaultdict(list)
        sizes: list[float] = []
        for note in notes:
            statuses[note.route, note.method if note.method in METHODS else "other", note.status] += 1
            seconds[note.route].append(note.seconds)
            if note.outputs and note.served:
                sizes.append(len(note.outputs))
                predictor = note.served.predictor
                outputs[predictor.release.version, predictor.schema.output].extend(note.outputs)
        for (route, method, status), count in statuses.items():
            self.add("requests_total", count, route=route, method=method, status=str(status))
        for route, times in seconds.items():
            self.observe("request_seconds", times, SECONDS, route=route)
        if sizes:
            self.observe("request_rows", sizes, ROWS)
        for (version, output), values in outputs.items():
            self.add("rows_total", len(values), version=version)
            self.observe("prediction", values, edges_of(output), version=version)

    def write(self) -> None:
        """Put the sums on disk, whole."""
        releases.write(self._path, self._series)


def edges_of(output: Output) -> list[float]:
    """Buckets for predictions: even steps between the output's bounds, powers of ten without them."""
    if output.minimum is None or output.maximum is None:
        return [-100.0, -10.0, -1.0, 0.0, 1.0, 10.0, 100.0, 1000.0, 10_000.0]
    step = (output.maximum - output.minimum) / OUTPUT_STEPS
    return [output.minimum + step * i for i in range(1, OUTPUT_STEPS + 1)]


def series(name: str, labels: dict[str, str]) -> str:
    """The name of a series as Prometheus writes it."""
    if not labels:
        return name
    pairs = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels.items())
    return f"{name}{{{pairs}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", " ")

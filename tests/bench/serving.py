"""Requests per second of the model server beside `mlflow models serve` and a no-op Flask route, in one run.

`make bench ONLY=serving` serves the demo's model; `python -m tests.bench serving MODEL.onnx` serves another.
Rounds go from server to server and medians are taken, so that a machine that gets slower meanwhile changes
all figures and few ratios.
"""

import json
import logging
import random
import statistics
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from tests.bench.model import trained
from tests.bench.rivals import mlflow_serve, noop, ours, save_for_mlflow
from tests.load import wrk
from tests.unit.model_server.builders import TRIP

AIMS = {
    "ratio_to_mlflow": (">=", 40),
    "ratio_to_mlflow_one_worker": (">=", 40),
    "ratio_to_noop": (">=", 0.6),
    "ratio_to_noop_one_worker": (">=", 0.6),
    "p99_to_noop_p50": ("<=", 5),  # beside it noop_p99_to_p50: what the machine leaves to any server
    "p99_to_noop_p50_one_worker": ("<=", 5),  # on two cores, the only one where wrk takes no core from a worker
    "rows_per_second_batch": (">=", 100_000),
    "memory_per_worker_mb": ("<=", 130),
}
ROUNDS, SECONDS = 5, 4
BATCH = 1000
log = logging.getLogger("bench.serving")


@dataclass(frozen=True)
class Target:
    """A route under load: where, with which bodies, over how many connections."""

    name: str
    url: str
    bodies: Path
    connections: int = 8


@dataclass(frozen=True)
class Measured:
    """What wrk saw in one round."""

    rate: float
    p50_ms: float
    p99_ms: float
    failed: int


def load(target: Target) -> Measured:
    """One round of *target*."""
    command = wrk.command(target.url, target.bodies, seconds=SECONDS, connections=target.connections)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rate, p50, p99, failed = done.stderr.splitlines()[-1].split()
    return Measured(float(rate), float(p50), float(p99), int(failed))


def trips(count: int, *, moment: bool = True) -> list[dict[str, object]]:
    """Random trips, the same in every run; *moment* gives the pickup as a person writes it."""
    chance = random.Random(42)
    pickups = ["2023-02-14T08:30:00", 1676363400]
    return [
        TRIP
        | {
            "PULocationID": chance.randint(1, 265),
            "DOLocationID": chance.randint(1, 265),
            "pickup": pickups[0 if moment else 1],
            "trip_distance": round(chance.expovariate(0.4), 2),
            "RatecodeID": 1,
            "trip_type": 1,
            "VendorID": 2,
            "passenger_count": 1,
        }
        for _ in range(count)
    ]


def write_bodies(folder: Path) -> dict[str, Path]:
    """Files of bodies, one a line: single trips, batches, and single trips as MLflow wants them."""
    rows, integers = trips(200), trips(200, moment=False)
    split = [{"dataframe_split": {"columns": list(row), "data": [list(row.values())]}} for row in integers]
    contents = {"one": rows, "batch": [trips(BATCH)], "mlflow": split}
    for name, lines in contents.items():
        (folder / name).write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    return {name: folder / name for name in contents}


def memory_mb(process: subprocess.Popen) -> float:
    """Resident memory of the largest worker in MB (10^6 bytes)."""
    children = psutil.Process(process.pid).children()
    workers = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    return max(worker.memory_info().rss for worker in workers) / 1e6


def measure(model: Path) -> dict[str, float]:
    """All figures of one run."""
    with TemporaryDirectory() as scratch, ExitStack() as servers:
        folder = Path(scratch)
        bodies, saved = write_bodies(folder), save_for_mlflow(model, folder / "saved")
        one, _ = servers.enter_context(ours(folder / "server-1", model, 1))
        two, process = servers.enter_context(ours(folder / "server-2", model, 2))
        targets = [
            Target("ours", f"{two}/predict", bodies["one"]),
            Target("noop", servers.enter_context(noop(2)), bodies["one"]),
            Target("mlflow", servers.enter_context(mlflow_serve(saved, 2)), bodies["mlflow"]),
            Target("ours_1", f"{one}/predict", bodies["one"]),
            Target("noop_1", servers.enter_context(noop(1)), bodies["one"]),
            Target("mlflow_1", servers.enter_context(mlflow_serve(saved, 1)), bodies["mlflow"]),
            Target("ours_32", f"{two}/predict", bodies["one"], connections=32),
            Target("batch", f"{two}/predict", bodies["batch"], connections=2),
        ]
        rounds = [{target.name: load(target) for target in targets} for _ in range(ROUNDS)]
        return summary(rounds) | {"memory_per_worker_mb": memory_mb(process)}


def summary(rounds: list[dict[str, Measured]]) -> dict[str, float]:
    """Medians over *rounds*; a ratio is the median of each round's own."""

    def median(name: str, what: str = "rate") -> float:
        return statistics.median(getattr(found[name], what) for found in rounds)

    def ratio(name: str, other: str) -> float:
        return statistics.median(found[name].rate / found[other].rate for found in rounds)

    def p99_to_p50(name: str, other: str) -> float:
        return statistics.median(found[name].p99_ms / found[other].p50_ms for found in rounds)

    return {
        "ratio_to_mlflow": ratio("ours", "mlflow"),
        "ratio_to_mlflow_one_worker": ratio("ours_1", "mlflow_1"),
        "ratio_to_noop": ratio("ours", "noop"),
        "ratio_to_noop_one_worker": ratio("ours_1", "noop_1"),
        "rows_per_second_batch": BATCH * median("batch"),
        "p99_to_noop_p50": p99_to_p50("ours", "noop"),
        "p99_to_noop_p50_one_worker": p99_to_p50("ours_1", "noop_1"),
        "noop_p99_to_p50": p99_to_p50("noop", "noop"),
        **{f"{name}_failed": sum(found[name].failed for found in rounds) for name in rounds[0]},
        **{f"{name}_per_second": median(name) for name in rounds[0]},
        **{
            f"{name}_{what}": median(name, what)
            for name in ("ours", "noop", "ours_1", "noop_1")
            for what in ("p50_ms", "p99_ms")
        },
    }


def run(model: str = "") -> dict[str, float]:
    """Measure with the ONNX file *model*; without one, a model is trained on a month first."""
    with TemporaryDirectory() as scratch:
        path = Path(model or Path(scratch) / "model.onnx")
        if not model:
            path.write_bytes(trained(Path(scratch).as_uri()))
        return measure(path) | {"model_bytes": float(path.stat().st_size)}

"""Our model beside the source systems' method: error, time to learn, and how long a prediction takes.

Both learn from the same month and are judged on the same rows of the next one. Ours is timed with reading its rows
from the lake, pass by pass; the other method's clock starts when its rows are in memory.
"""

from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import onnxruntime
import pyarrow as pa

from flows.trips import baseline, graph, judging, lake, source, training
from flows.trips.cleaning import INPUT_SCHEMA, ROW_SCHEMA, arrays, model_rows
from flows.trips.graph import Predictor
from flows.trips.month_rows import MonthRows, passes
from flows.trips.schema import typed
from tests.bench.measuring import DATA, TRAIN, VALIDATE, in_turns, ratio, seconds

AIMS = {
    "rmse_below": (">=", 0.18),
    "validate_rows": (">=", 62_574),
    "train_ratio": ("<=", 0.25),
    "one_row_us": ("<=", 50),
}
ROUNDS, CALLS = 3, 2000


def in_lake(lake_url: str, month: str) -> MonthRows:
    """Put the month's model rows into the lake, without a database in between."""
    file = source.inspect(month, DATA / source.file_name(month))
    key = lake.trips_key(month)
    rows = lake.write(lake_url, key, ROW_SCHEMA, (model_rows(typed(raw), month) for raw in source.batches(file)))
    return MonthRows(month, key, rows, file.sha256, {}, "")


def one_row_us(model: bytes, rows: pa.RecordBatch) -> float:
    """Return the median microseconds of one call with one row, one thread, another row every time."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    columns = arrays(rows)
    feeds = [{field.name: columns[field.name][row : row + 1] for field in INPUT_SCHEMA} for row in range(CALLS)]
    for feed in feeds[:200]:  # warm
        session.run(None, feed)
    taken = []
    for feed in feeds:
        started = perf_counter()
        session.run(None, feed)
        taken.append(perf_counter() - started)
    return float(np.median(taken)) * 1e6


def trained(lake_url: str) -> bytes:
    """Return the graph of the demo's own model; its rows go into *lake_url*."""
    learnt = in_lake(lake_url, TRAIN)
    return graph.build(training.fit(partial(passes, lake_url, [learnt])), {"months": TRAIN})


def run(rounds: str = str(ROUNDS)) -> dict[str, float]:
    """Let both learn *rounds* times in turns, then judge and time what was learnt last."""
    with TemporaryDirectory() as folder:
        lake_url = Path(folder).as_uri()
        learnt, unseen = in_lake(lake_url, TRAIN), in_lake(lake_url, VALIDATE)
        made: dict[str, training.Trained | baseline.Baseline] = {}

        def ours() -> float:
            made["ours"] = training.fit(partial(passes, lake_url, [learnt]))
            return made["ours"].seconds

        def theirs() -> float:
            made["theirs"] = baseline.fit_and_judge(passes(lake_url, [learnt]), passes(lake_url, [unseen]))
            return made["theirs"].seconds

        turns = in_turns({"ours": ours, "theirs": theirs}, int(rounds))
        started = perf_counter()
        model = graph.build(made["ours"], {"months": TRAIN})
        graph_seconds = perf_counter() - started
        errors = judging.errors_on(model, lake_url, unseen).metrics()
        month = pa.Table.from_batches(passes(lake_url, [unseen])).combine_chunks().to_batches()[0]
        predictor = Predictor(model)
        month_seconds = [seconds(lambda: predictor.minutes(month)) for _ in range(5)]
        return {
            "rmse": errors["rmse"],
            "baseline_rmse": made["theirs"].rmse,
            "rmse_below": 1 - errors["rmse"] / made["theirs"].rmse,
            "mae": errors["mae"],
            "p90": errors["p90"],
            "train_rows": made["ours"].rows,
            "validate_rows": int(errors["rows"]),
            "train_seconds": median(turns["ours"]),
            "baseline_seconds": median(turns["theirs"]),
            "train_ratio": ratio(turns["ours"], turns["theirs"]),
            "graph_seconds": graph_seconds,
            "graph_bytes": len(model),
            "one_row_us": median(one_row_us(model, month) for _ in range(5)),
            "rows_per_second": month.num_rows / median(month_seconds),
        }

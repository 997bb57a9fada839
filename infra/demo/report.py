"""report.json: what a demo did, for programs. Its keys are a contract; more may come, none goes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from infra.demo.comparison import Comparison

Report = dict[str, Any]


def build(
    result: Mapping[str, Any], prediction: Mapping[str, Any], batch: Comparison, seconds: Mapping[str, float]
) -> Report:
    """Join the flows' *result*, the one *prediction*, the comparison of the *batch* and the *seconds* per stage."""
    stages = {
        "ingest": sum(month["seconds"] for month in result["ingest"]),
        "train": result["train"]["seconds"],
        "promote": result["promote"]["seconds"],
        "score": result["score"]["seconds"],
    }
    return {
        "ingest": result["ingest"],
        "train": result["train"],
        "validate": result["validate"],
        "model": result["model"],
        "promote": result["promote"],
        "score": result["score"],
        "prediction": dict(prediction),
        "batch": {
            "rows": batch.rows,
            "outside": batch.outside,
            "max_abs_difference_to_http": batch.max_abs_difference,
        },
        "seconds": {name: round(value, 3) for name, value in {**stages, **seconds}.items()},
    }


def write(path: Path, report: Report) -> None:
    """Write *report* as JSON, all or nothing."""
    new = path.with_name(f"{path.name}.{uuid4().hex[:8]}")
    new.write_text(json.dumps(report, indent=2) + "\n")
    new.rename(path)

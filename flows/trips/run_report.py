"""What an MLflow run shows of a model besides the model itself: metrics, a curve by hour, tables and figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import time
from typing import Any

import mlflow
from matplotlib.figure import Figure
from mlflow.entities import Metric


@dataclass(frozen=True)
class Report:
    """What the run's page shows; *summary* is Markdown, and *sentence* describes the model version."""

    name: str
    sentence: str
    summary: str
    metrics: Mapping[str, float]
    rmse_by_hour: Mapping[int, float]
    tables: Mapping[str, Mapping[str, list[Any]]]
    figures: Mapping[str, Figure]

    def log_details(self, client: mlflow.MlflowClient, run_id: str) -> None:
        """Log all but the headline metrics; an hour is a step of one metric.

        Call it when the model is logged: a model takes over the metrics that its run has at step 0, and hour 0 is none.
        """
        now = int(time() * 1000)
        hours = [Metric("rmse_by_hour", rmse, now, hour) for hour, rmse in self.rmse_by_hour.items()]
        client.log_batch(run_id, metrics=hours)
        for name, columns in self.tables.items():
            client.log_table(run_id, dict(columns), f"{name}.json")
        for name, figure in self.figures.items():
            client.log_figure(run_id, figure, f"figures/{name}.png")

"""What MLflow's pages say of a run, of a version and of the model, as Markdown: figures first, then how to predict.

Knows the model's fields and figures. Does not know MLflow's client.
"""

import json
from collections.abc import Mapping

from flows.trips.graph import FIELDS, MODEL_NAME

EM_SPACE = "&emsp;"  # MLflow's page sets the cells of a table without any space between them


def run_name(months: str, rounds: str, rmse: float) -> str:
    """Return a name that tells runs apart: `2023-01, 100 rounds, RMSE 4.220`."""
    return f"{months}, {rounds} rounds, RMSE {rmse:.3f}"


def version_summary(metrics: Mapping[str, float], tags: Mapping[str, str]) -> str:
    """Return the figures in one sentence."""
    beside = f", beside {metrics['baseline_rmse']:.3f} for the baseline" if "baseline_rmse" in metrics else ""
    return (
        f"Trained on {tags['train']}; on {tags['validate']} its RMSE is {metrics['rmse']:.3f} minutes{beside}, "
        f"its MAE {metrics['mae']:.3f} minutes."
    )


def run_summary(metrics: Mapping[str, float], parameters: Mapping[str, str], tags: Mapping[str, str]) -> str:
    """Return the figures as a table, what they were measured on, and the Prefect run where *tags* have its URL."""
    table = [
        _row("error in minutes", "RMSE", "MAE", "90% within"),
        "|---|---|---|---|",
        _row("this model", f"{metrics['rmse']:.3f}", f"{metrics['mae']:.3f}", f"{metrics['p90']:.2f}"),
    ]
    if "baseline_rmse" in metrics:
        table.append(_row("baseline", f"{metrics['baseline_rmse']:.3f}", f"{metrics['baseline_mae']:.3f}", ""))
    rows, judged = int(parameters["training_rows"]), int(parameters["validation_rows"])
    measured = (
        f"Trained on {rows:,} trips of {tags['train']} in {parameters['rounds']} rounds; "
        f"judged on {judged:,} trips of {tags['validate']}, of 1 to 60 minutes."
    )
    link = f"\n\n[The run in Prefect]({tags['prefect_run']})" if tags.get("prefect_run") else ""
    return "\n".join(table) + f"\n\n{measured}{link}"


def _row(first: str, *rest: str) -> str:
    return f"| {first} |" + "".join(f" {EM_SPACE}{cell} |" for cell in rest)


def usage(reference: str, title: str, model_server: str) -> str:
    """Return how to predict with the version of *reference* (`/3`, `@champion`), and at the address *model_server*."""
    trip = json.dumps({field.name: field.example for field in FIELDS if field.required or field.format}, indent=2)
    return (
        f"**Predict with {title}**, with `MLFLOW_TRACKING_URI` set to this server:\n\n"
        "```python\n"
        "import mlflow\n\n"
        f'model = mlflow.pyfunc.load_model("models:/{MODEL_NAME}{reference}")\n'
        f"model.predict([{trip}])\n"
        "```\n\n"
        "**Predict over the model server**, which uses the champion:\n\n"
        "```sh\n"
        f"curl {model_server}/predict -H 'Content-Type: application/json' -d '{trip}'\n"
        "```\n"
    )

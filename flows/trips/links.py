"""Addresses and commands for people: MLflow's pages, a prediction.

Each page asks for the pages of classical machine learning: without that, MLflow 3 opens those for language models.
"""

import json

from flows.trips.graph import FIELDS, MODEL_NAME

_PAGES = "workflowType=machine_learning"


def version_page(mlflow_ui: str, version: str) -> str:
    """Return the address of a version of the registered model."""
    return f"{mlflow_ui}/#/models/{MODEL_NAME}/versions/{version}?{_PAGES}"


def run_page(mlflow_ui: str, experiment_id: str, run_id: str) -> str:
    """Return the address of the run that made a model."""
    return f"{mlflow_ui}/#/experiments/{experiment_id}/runs/{run_id}?{_PAGES}"


def prediction(model_server: str) -> str:
    """Return the command that asks the model server for one trip, the fields' own examples."""
    trip = {field.name: field.example for field in FIELDS if field.required}
    return f"curl {model_server}/predict -H 'Content-Type: application/json' -d '{json.dumps(trip)}'"

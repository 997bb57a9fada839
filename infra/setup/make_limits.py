"""Concurrency limits by name, and the Variables that people change in the UI."""

from collections.abc import Mapping

from infra.setup.prefect_api import PrefectApi

LIMITS = {"training": 1, "trips-database": 4}  # one training fills the machine; each writer copies one month


def make_limits(api: PrefectApi, environ: Mapping[str, str]) -> None:
    """Create what is missing; what is there was perhaps changed by a person, so it stays."""
    for name, limit in LIMITS.items():
        if api.find(f"/v2/concurrency_limits/{name}") is None:
            api.send("POST", "/v2/concurrency_limits/", {"name": name, "limit": limit})
    variables = {"prefect_ui_url": environ["PREFECT_UI_URL"]}
    for name, value in variables.items():
        found = api.find(f"/variables/name/{name}")
        if found is None:
            api.send("POST", "/variables/", {"name": name, "value": value})
        elif found["value"] != value:
            api.send("PATCH", f"/variables/name/{name}", {"value": value})

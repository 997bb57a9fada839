"""The Variables that flows and people read in Prefect."""

from collections.abc import Mapping

from infra.setup.prefect_api import PrefectApi


def make_variables(api: PrefectApi, environ: Mapping[str, str]) -> None:
    """Create what is missing; change what is there only where the stack's own addresses changed."""
    variables = {"prefect_ui_url": environ["PREFECT_UI_URL"]}
    for name, value in variables.items():
        found = api.find(f"/variables/name/{name}")
        if found is None:
            api.send("POST", "/variables/", {"name": name, "value": value})
        elif found["value"] != value:
            api.send("PATCH", f"/variables/name/{name}", {"value": value})

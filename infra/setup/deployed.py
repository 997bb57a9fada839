"""What Prefect and the registry hold now: the deployments by `flow/name`, and whether an image is there."""

import os
from typing import Any

import httpx


def api_client() -> httpx.Client:
    """A client of Prefect's API, logged in."""
    user, _, password = os.environ["PREFECT_API_AUTH_STRING"].partition(":")
    return httpx.Client(base_url=os.environ["PREFECT_API_URL"], auth=(user, password), timeout=30)


def deployments(api: httpx.Client) -> dict[str, dict[str, Any]]:
    """Every deployment by `flow/name`; the oldest of a flow first."""
    found = api.post("/deployments/filter", json={"sort": "NAME_ASC"}).raise_for_status().json()
    flows = {one["id"]: one["name"] for one in api.post("/flows/filter", json={}).raise_for_status().json()}
    found.sort(key=lambda one: one["created"])
    return {f"{flows[one['flow_id']]}/{one['name']}": one for one in found}


def in_registry(image: str) -> bool:
    """Whether the registry holds `HOST:PORT/repository:tag`."""
    repository, _, tag = image.partition("/")[2].rpartition(":")
    accept = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
    answer = httpx.head(f"{os.environ['REGISTRY_URL']}/v2/{repository}/manifests/{tag}", headers=accept, timeout=30)
    return answer.is_success

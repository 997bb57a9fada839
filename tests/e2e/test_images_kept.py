"""The registry keeps the last images of a deployment and the one in use, and frees the rest without harm."""

import httpx
import pytest

from tests.e2e.stack import ROOT, Prefect, compose, healthy, run, setting

FLOW = ROOT / "flows/patience.py"


def tags() -> list[str]:
    url = f"http://127.0.0.1:{setting('REGISTRY_PORT')}/v2/trainyard/patience/tags/list"
    return httpx.get(url).raise_for_status().json()["tags"]


def deployed(prefect: Prefect) -> str:
    """Image of the deployment."""
    return str(prefect.call("GET", "/deployments/name/patience/on-demand")["job_variables"]["image"])


@pytest.fixture
def redeployed(prefect: Prefect) -> str:
    """The image of the flow as it stands, after one more change of it than are kept, and the step back."""
    text = FLOW.read_text()
    run("make", "deploy", "ONLY=patience")
    first = deployed(prefect)
    try:
        for n in range(int(setting("KEEP_IMAGES")) + 1):
            FLOW.write_text(f"{text}# {n}\n")
            run("make", "deploy", "ONLY=patience")
    finally:
        FLOW.write_text(text)
        run("make", "deploy", "ONLY=patience")
    return first


def test_what_is_deployed_stays_and_the_oldest_go(prefect: Prefect, redeployed: str):
    kept = int(setting("KEEP_IMAGES"))

    assert kept <= len(tags()) <= kept + 1  # the one in use may be older than the last ones
    assert deployed(prefect) == redeployed
    assert redeployed.rpartition(":")[2] in tags()

    compose("restart", "registry")  # now layers are freed
    healthy("registry")
    run("docker", "rmi", "--force", redeployed)
    assert prefect.until(prefect.start("patience/on-demand"), seconds=120) == "COMPLETED"

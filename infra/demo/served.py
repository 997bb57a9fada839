"""The running model server, asked over HTTP as any client does."""

import time
from typing import Any

import httpx
import msgspec

from infra.demo.failures import DemoError
from infra.demo.fleet import Fleet

READY_SECONDS = 60.0  # from promotion until the champion is served; usually 2
Fields = list[dict[str, Any]]


class Server:
    """A client of the model server at *url*."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def until_serving(self, fleet: Fleet, version: str) -> None:
        """Wait until model *version* is served; raise `DemoError` with the server's own reason when it is not."""
        deadline = time.monotonic() + READY_SECONDS
        fleet.until(lambda: self._serves(version) or time.monotonic() > deadline)
        if not self._serves(version):
            raise DemoError(
                f"the model server does not serve version {version}: {self._client.get('/health/ready').text}"
            )

    def _serves(self, version: str) -> bool:
        try:
            answer = self._client.get("/health/ready")
        except httpx.TransportError:
            return False
        return answer.is_success and str(answer.json()["model_version"]) == version

    def fields(self) -> Fields:
        """Return the description of each input of the model."""
        return list(self._get("/model")["fields"])

    def output(self) -> str:
        """Return the name of the model's one output."""
        return str(self._get("/model")["output"]["name"])

    def predict(self, rows: object) -> dict[str, Any]:
        """Return the answer to one row, a dict, or to a list of them."""
        content = msgspec.json.encode(rows)
        answer = self._client.post("/predict", content=content, headers={"Content-Type": "application/json"})
        if not answer.is_success:
            raise DemoError(f"the model server refused a prediction ({answer.status_code}): {answer.text[:500]}")
        return dict(answer.json())

    def _get(self, path: str) -> dict[str, Any]:
        return dict(self._client.get(path).raise_for_status().json())


def example(fields: Fields) -> dict[str, Any]:
    """Return one row: each field's own example."""
    return {field["name"]: field["example"] for field in fields if field.get("example") is not None}

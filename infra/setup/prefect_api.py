"""A small client of Prefect's REST API: read by name first, then create or change, so that nothing is ever
made twice."""

from typing import Any, Self

import httpx

from infra.setup.secret_files import secret


class PrefectApi:
    """Use as a context manager; paths are relative to the API's address."""

    def __init__(self, url: str) -> None:
        user, _, password = secret("prefect_auth").partition(":")
        self._client = httpx.Client(base_url=url, auth=(user, password), timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def find(self, path: str) -> dict[str, Any] | None:
        """The object at `path`, or None when there is none."""
        response = self._client.get(path)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        return dict(_checked(response))

    def send(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - whatever JSON the API answers
        """Call the API; an error carries the API's own words."""
        return _checked(self._client.request(method, path, json=body))


def _checked(response: httpx.Response) -> Any:  # noqa: ANN401 - whatever JSON the API answers
    if response.is_error:
        request = response.request
        raise RuntimeError(f"{request.method} {request.url.path}: {response.status_code} {response.text[:2000]}")
    return response.json() if response.content else None

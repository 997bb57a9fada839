"""A server on a folder of its own, driven through Flask's test client."""

import threading

import pytest

from services.model_server import create_app, fetching, follow
from services.model_server.settings import Settings
from tests.unit.model_server.builders import serve
from tests.unit.model_server.played_registry import Registry


@pytest.fixture(name="settings")
def _settings(tmp_path):
    return Settings(mlflow_tracking_uri="http://registry", model_dir=tmp_path, model_server_max_body_bytes=100_000)


@pytest.fixture(name="empty")
def _empty(settings):
    """A client of a server that has no model yet."""
    stop = threading.Event()
    yield create_app(settings, stop=stop).test_client()
    stop.set()


@pytest.fixture(name="client")
def _client(settings):
    """A client of a server with version 1: minutes = 1 + 3 * trip_distance."""
    serve(settings.model_dir)
    stop = threading.Event()
    yield create_app(settings, stop=stop).test_client()
    stop.set()


@pytest.fixture(name="registry")
def _registry(monkeypatch):
    played = Registry()
    monkeypatch.setattr(follow, "MlflowClient", lambda tracking_uri: played)
    monkeypatch.setattr(fetching.mlflow.artifacts, "list_artifacts", played.list)
    monkeypatch.setattr(fetching.mlflow.artifacts, "download_artifacts", played.download)
    return played

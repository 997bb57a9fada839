"""The servers that are measured: ours, a route that does nothing, and `mlflow models serve`, each with one model."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow.onnx
import onnx
import requests
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from services.model_server import releases
from services.model_server.releases import Release
from services.model_server.settings import Settings
from tests.integration.processes import free_port, model_server, running, wait_for

NOBODY = "http://127.0.0.1:9"  # no registry is needed to measure serving
THREADS = str(Settings.model_server_threads)  # as the model server itself


@contextmanager
def ours(folder: Path, model: Path, workers: int) -> Iterator[tuple[str, subprocess.Popen]]:
    """The model server with *model*, as it runs for users: access log and all."""
    file = folder / "versions" / "1" / "model.onnx"
    file.parent.mkdir(parents=True)
    shutil.copy(model, file)
    release = Release(name="trip-duration", version="1", file="versions/1/model.onnx", registry=NOBODY)
    releases.write(releases.pointer(folder, "champion"), release)
    usual = {"MODEL_SERVER_WORKERS": str(workers), "MODEL_POLL_SECONDS": "10"}
    with model_server(folder, NOBODY, **usual) as (url, process):
        yield url, process


@contextmanager
def noop(workers: int) -> Iterator[str]:
    """A Flask route that does nothing, under granian with our options."""
    port = free_port()
    command = ["-m", "granian", "tests.bench.noop:app", "--interface", "wsgi", "--port", str(port)]
    command += ["--workers", str(workers), "--blocking-threads", THREADS, "--log-level", "error"]
    with running(command):
        wait_for(lambda: requests.post(f"http://127.0.0.1:{port}/noop", timeout=5).ok)
        yield f"http://127.0.0.1:{port}/noop"


@contextmanager
def mlflow_serve(folder: Path, workers: int) -> Iterator[str]:
    """`mlflow models serve` of the model saved in *folder*."""
    port = free_port()
    command = ["-m", "mlflow", "models", "serve", "--model-uri", str(folder), "--env-manager", "local"]
    command += ["--port", str(port), "--workers", str(workers)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with running(command, PATH=path, MLFLOW_DISABLE_TELEMETRY="true"):
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: requests.get(f"{url}/ping", timeout=5).ok, seconds=120, what="mlflow models serve")
        yield f"{url}/invocations"


def save_for_mlflow(model: Path, folder: Path) -> Path:
    """*model* as an MLflow model folder, with the signature that takes JSON."""
    loaded = onnx.load(model)
    types = {onnx.TensorProto.INT64: "long", onnx.TensorProto.FLOAT: "double"}
    columns = [ColSpec(types[node.type.tensor_type.elem_type], node.name) for node in loaded.graph.input]
    mlflow.onnx.save_model(
        loaded,
        str(folder),
        signature=ModelSignature(inputs=Schema(columns)),
        pip_requirements=["onnxruntime"],
        onnx_execution_providers=["CPUExecutionProvider"],
    )
    return folder

"""Each function checks one claim on the running stack, and raises when it does not hold."""

import json
import math
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pyarrow.fs
import pyarrow.parquet
import yaml

MODEL = "trip-duration"
TOLERANCE = 1e-5  # minutes between a prediction over HTTP and its batch score: the last digit of float32
ROWS = 500


def prefect(method: str, path: str, **body: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Prefect's REST API."""
    user, _, password = os.environ["PREFECT_API_AUTH_STRING"].partition(":")
    url = os.environ["PREFECT_API_URL"] + path
    return httpx.request(method, url, auth=(user, password), json=body or None).raise_for_status().json()


def mlflow(path: str) -> Any:  # noqa: ANN401 - JSON
    """MLflow's REST API."""
    return httpx.get(f"{os.environ['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/{path}").raise_for_status().json()


def model_server(method: str, path: str, body: str | None = None, **headers: str) -> httpx.Response:
    """The model server's answer, whatever it is; *body* is JSON."""
    key = Path(os.environ["MODEL_SERVER_KEY_FILE"]).read_text().strip()
    sent = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"} | headers
    return httpx.request(method, os.environ["MODEL_SERVER_URL"] + path, headers=sent, content=body, timeout=30)


def server(method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """The model server, when it must not refuse."""
    return model_server(method, path, None if body is None else json.dumps(body)).raise_for_status().json()


def pipeline_run() -> dict[str, Any]:
    """The pipeline's last completed run."""
    completed = {"state": {"type": {"any_": ["COMPLETED"]}}}
    body = {"flows": {"name": {"any_": ["pipeline"]}}, "flow_runs": completed, "sort": "START_TIME_DESC", "limit": 1}
    return dict(prefect("POST", "/flow_runs/filter", **body)[0])


def deployments_are_registered() -> None:
    """Every deployment by its flow's file and its name."""
    declared = {
        (Path(one["entrypoint"].rpartition(":")[0]).stem, one["name"])
        for one in yaml.safe_load(Path("prefect.yaml").read_text())["deployments"]
    }
    registered = {
        (Path(one["entrypoint"].rpartition(":")[0]).stem, one["name"]) for one in prefect("POST", "/deployments/filter")
    }
    assert declared <= registered, f"missing: {sorted(declared - registered)}"


def run_used_the_deployed_image() -> None:
    """The container's image is the deployment's, and its digest is the registry's."""
    run = pipeline_run()
    deployed = prefect("GET", f"/deployments/{run['deployment_id']}")["job_variables"]["image"]
    assert os.environ["IMAGE"] == deployed, f"the run used {os.environ['IMAGE']}, deployed is {deployed}"
    name, _, tag = deployed.partition("/")[2].rpartition(":")
    accept = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
    manifest = httpx.head(f"{os.environ['REGISTRY_URL']}/v2/{name}/manifests/{tag}", headers=accept)
    digest = manifest.raise_for_status().headers["Docker-Content-Digest"]
    assert digest in os.environ["DIGEST"], f"the registry has {digest}, the run used {os.environ['DIGEST']}"


def graph_and_report_are_there() -> None:
    """The graph has nodes, and one of the run's subflows made the report."""
    run = pipeline_run()
    nodes = prefect("GET", f"/flow_runs/{run['id']}/graph-v2")["nodes"]
    assert len(nodes) >= 3, f"the graph has {len(nodes)} nodes"
    assert prefect("GET", "/artifacts/duration-model-report/latest")["data"].strip(), "the report is empty"


def wrong_password_is_refused() -> None:
    """With a wrong one and without any."""
    for login in (None, ("admin", "wrong")):
        answer = httpx.post(os.environ["PREFECT_API_URL"] + "/flows/count", auth=login, json={})
        assert answer.status_code == 401, f"{login}: {answer.status_code}"


def parquet_files(folder: str) -> list[str]:
    """Keys of the lake's Parquet files under the folder, in order."""
    lake, root = pyarrow.fs.FileSystem.from_uri(os.environ["LAKE_URL"])
    selector = pyarrow.fs.FileSelector(f"{root}/{folder}".rstrip("/"), recursive=True)
    return sorted(one.path for one in lake.get_file_info(selector) if one.path.endswith(".parquet"))


def lake_holds_parquet() -> None:
    """At least one file with rows."""
    keys = parquet_files("")
    assert keys, "no Parquet in the lake"
    lake, _ = pyarrow.fs.FileSystem.from_uri(os.environ["LAKE_URL"])
    assert pyarrow.parquet.read_metadata(keys[0], filesystem=lake).num_rows > 0, f"{keys[0]} is empty"


def champion() -> str:
    """The version that has the alias."""
    found = mlflow(f"registered-models/alias?name={MODEL}&alias=champion")
    return str(found["model_version"]["version"])


def champion_exists() -> None:
    """The registry answers with a version."""
    assert champion()


def champion_is_served() -> None:
    """The server's version is the alias's, at the latest two of its looks after a promotion."""
    for _ in range(20):
        if (served := str(server("GET", "/health/ready")["model_version"])) == champion():
            return
        time.sleep(1)
    raise AssertionError(f"served is version {served}, champion is {champion()}")


def predictions_equal_batch_scores() -> None:
    """Rows from all over the champion's newest batch, asked again over HTTP."""
    lake, _ = pyarrow.fs.FileSystem.from_uri(os.environ["LAKE_URL"])
    scores = parquet_files(f"predictions/model={MODEL}/version={champion()}")
    assert scores, "the champion has scored no month; run: docker compose run --rm flows score --month 2023-02"
    batch = pyarrow.parquet.read_table(scores[-1], filesystem=lake)
    rows = batch.take(list(range(0, batch.num_rows, max(1, batch.num_rows // ROWS)))).to_pylist()
    minutes = [row.pop("minutes") for row in rows]
    times = {one["name"] for one in server("GET", "/model")["fields"] if one["format"] == "date-time"}
    asked = [{name: _as_json(value, name in times) for name, value in row.items()} for row in rows]
    for row in asked:
        row.pop("model_version")
    answered = server("POST", "/predict", asked)["minutes"]
    furthest = max(abs(one - other) for one, other in zip(minutes, answered, strict=True))
    assert furthest <= TOLERANCE, f"{len(rows)} rows, {furthest} minutes apart at most"


def _as_json(value: Any, is_time: bool) -> Any:  # noqa: ANN401 - a cell
    """A cell of the lake as a client would send it: seconds of local wall time as ISO 8601, no number as null."""
    if isinstance(value, float) and math.isnan(value):
        return None
    return datetime.fromtimestamp(value, UTC).replace(tzinfo=None).isoformat() if is_time else value

"""The model server's S3 user on our real MinIO: it logs predictions, and can do nothing else."""

import io
from collections.abc import Iterator
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest
import requests
from minio import Minio
from minio.error import S3Error
from testcontainers.core.container import DockerContainer

from infra.setup import make_buckets, secret_files
from tests.integration.processes import model_server, wait_for
from tests.integration.test_images import _without_ryuk, eventually, pytestmark, secret_folder  # noqa: F401  # pytest's
from tests.integration.test_limits import NOBODY, release
from tests.unit.model_server.builders import TRIP

USERS = ("root", "flows", "mlflow", "model_server")
SECRETS = {f"s3_{user}": f"password-of-{user}" for user in USERS} | {f"s3_{user}_user": user.upper() for user in USERS}


@pytest.fixture(name="place")
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """host:port of a MinIO that setup has seen twice."""
    container = DockerContainer("trainyard/s3", cap_drop=["ALL"]).with_tmpfs_mount("/tmp").with_exposed_ports(9000)
    container.with_env("MINIO_ROOT_USER", SECRETS["s3_root_user"]).with_env("MINIO_ROOT_PASSWORD", SECRETS["s3_root"])
    with container:
        place = f"127.0.0.1:{container.get_exposed_port(9000)}"
        monkeypatch.setattr(make_buckets, "ENDPOINT", place)
        monkeypatch.setattr(secret_files, "FOLDER", secret_folder(tmp_path / "secrets", **SECRETS))
        eventually(client(place, "root").list_buckets)
        make_buckets.make_buckets()
        make_buckets.make_buckets()
        yield place


def client(place: str, user: str) -> Minio:
    return Minio(place, SECRETS[f"s3_{user}_user"], SECRETS[f"s3_{user}"], secure=False, region="us-east-1")


@pytest.fixture(name="server")
def _server(place: str, tmp_path: Path) -> Iterator[tuple[str, psutil.Process]]:
    release(tmp_path / "models", "1", 3.0)
    own = {"ENDPOINT_URL": f"http://{place}", "REGION": "us-east-1", "ACCESS_KEY_ID": SECRETS["s3_model_server_user"]}
    own["SECRET_ACCESS_KEY"] = SECRETS["s3_model_server"]
    told = {f"LAKE_AWS_{name}": value for name, value in own.items()}
    with model_server(tmp_path / "models", NOBODY, LAKE_URL="s3://lake", PREDICTION_LOG_SECONDS="3", **told) as (
        url,
        process,
    ):
        yield url, psutil.Process(process.pid)


def test_predictions_reach_s3_and_only_their_writer_has_the_key(place, server):
    url, process = server
    wait_for(lambda: requests.post(f"{url}/predict", json=TRIP, timeout=10).ok)
    root = client(place, "root")

    (key,) = wait_for(lambda: logged(root), seconds=30, what="file in the lake")[:1]

    table = pq.read_table(io.BytesIO(root.get_object("lake", key).data))
    assert table["trip_distance"].to_pylist()[0] == pytest.approx(TRIP["trip_distance"])
    holders = [c for c in process.children() if SECRETS["s3_model_server"] in c.environ().values()]
    assert [" ".join(holder.cmdline()).count("log_writer") for holder in holders] == [1]
    holders[0].wait(30)  # it ends when nothing came for a round, and another one begins with the next prediction
    assert requests.post(f"{url}/predict", json=TRIP, timeout=10).ok
    wait_for(lambda: len(logged(root)) == 2, seconds=30, what="second file in the lake")


def logged(root: Minio) -> list[str]:
    found = root.list_objects("lake", "prediction-log/", recursive=True)
    return [str(one.object_name) for one in found if str(one.object_name).endswith(".parquet")]


def test_the_key_reads_lists_deletes_nothing_and_puts_nowhere_else(place):
    own = client(place, "model_server")

    own.put_object("lake", "prediction-log/x", io.BytesIO(b""), 0)
    for forbidden in (
        lambda: list(own.list_objects("lake", "prediction-log/")),
        lambda: own.get_object("lake", "prediction-log/x"),
        lambda: own.remove_object("lake", "prediction-log/x"),
        lambda: own.put_object("lake", "trips/x", io.BytesIO(b""), 0),
        lambda: own.put_object("mlflow", "prediction-log/x", io.BytesIO(b""), 0),
        own.list_buckets,
    ):
        with pytest.raises(S3Error) as refused:
            forbidden()
        assert refused.value.code == "AccessDenied"

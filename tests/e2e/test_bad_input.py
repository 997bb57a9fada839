"""What is wrong is said in one line with its remedy, before anything is started, and nothing is lost."""

import io
import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from minio import Minio, MinioAdmin
from minio.credentials import AssumeRoleProvider, StaticProvider
from minio.error import S3Error

from tests.e2e.s3_requests import client, key, place
from tests.e2e.stack import ROOT, Prefect, edit, run, secret, setting


@pytest.fixture
def restored(stack: None) -> Iterator[None]:
    """These files may be changed; they are put back."""
    before = {ROOT / name: (ROOT / name).read_text() for name in (".env", "prefect.yaml", "flows/score.py")}
    yield
    for path, text in before.items():
        path.write_text(text)


def check(**variables: str) -> str:
    """What `make up` says before it starts anything; it must refuse."""
    done = run("make", "up", check=False, env=variables)
    assert done.returncode != 0
    return done.stderr


def test_without_an_engine_it_names_make_engine(restored):
    assert "make engine" in check(DOCKER_HOST="unix:///nowhere.sock")


def test_a_taken_port_is_named_with_its_variable(restored):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        edit(".env", f"POSTGRES_PORT={setting('POSTGRES_PORT')}", f"POSTGRES_PORT={port}")

        assert f"port {port} (POSTGRES_PORT) is taken" in check()


def test_too_little_disk_is_said_with_both_figures(restored):
    assert "99000000 are needed" in check(NEED_DISK="99000000")


def test_a_missing_variable_is_named_with_its_line(restored):
    edit(".env", f"MLFLOW_PORT={setting('MLFLOW_PORT')}\n", "")

    assert ".env has no MLFLOW_PORT" in check()


def test_an_unknown_variable_is_named(restored):
    (ROOT / ".env").open("a").write("PREFECT_PROT=4200\n")

    assert ".env has PREFECT_PROT, which the stack does not know" in check()


def test_a_flow_with_a_syntax_error_is_named_and_the_others_are_deployed(restored, prefect: Prefect):
    (ROOT / "flows/broken.py").write_text("def broken(:\n")
    (ROOT / "flows/score.py").open("a").write("# changed\n")
    part = "  - name: on-demand\n    entrypoint: flows/broken.py:broken\n    work_pool: *pool\n"
    (ROOT / "prefect.yaml").open("a").write(part)
    try:
        done = run("make", "deploy", check=False)
    finally:
        Path(ROOT / "flows/broken.py").unlink()

    assert done.returncode != 0
    assert "flows/broken.py:1: " in done.stdout
    assert "deployed score/hourly" in done.stdout


def test_a_lost_secrets_folder_costs_no_data(prefect: Prefect):
    run_id = prefect.start("patience/on-demand")
    prefect.until(run_id)
    shutil.rmtree(ROOT / ".secrets")
    said = run("make", "up").stdout

    assert "making new secrets" in said
    assert prefect.state(run_id) == "COMPLETED"


@pytest.fixture
def former_keys(stack: None) -> list[Minio]:
    """Clients with the keys of flows and root, and with those that each of them made from its own."""
    found = [client("flows"), client("root")]
    for user in ("flows", "root"):
        access_key, secret_key = key(user)
        admin = MinioAdmin(endpoint=place(), credentials=StaticProvider(access_key, secret_key), secure=False)
        made = json.loads(admin.add_service_account())["credentials"]
        own = {"access_key": access_key, "secret_key": secret_key, "duration_seconds": 86400}
        lent = AssumeRoleProvider(sts_endpoint=f"http://{place()}", **own).retrieve()
        found.append(Minio(place(), made["accessKey"], made["secretKey"], secure=False, region="us-east-1"))
        found.append(Minio(place(), lent.access_key, lent.secret_key, lent.session_token, False, "us-east-1"))
    return found


def test_rotated_secrets_work_at_once_and_the_old_ones_no_longer(prefect: Prefect, former_keys: list[Minio]):
    before = secret("prefect_auth").removeprefix("admin:")
    for former in former_keys:
        former.put_object("lake", "rotation/kept", io.BytesIO(b"kept"), 4)
    run("make", "secrets", env={"ROTATE": "1"})

    assert client("flows").get_object("lake", "rotation/kept").data == b"kept"
    for former in former_keys:
        with pytest.raises(S3Error) as refused:
            former.get_object("lake", "rotation/kept")
        assert refused.value.code in ("InvalidAccessKeyId", "AccessDenied")
    assert prefect.until(prefect.start("patience/on-demand")) == "COMPLETED"
    assert httpx.get(f"{prefect.http.base_url}flows/paginate", auth=("admin", before)).status_code == 401

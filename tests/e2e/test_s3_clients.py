"""The usual clients work on S3 with good keys, each in its own way of signing; the console and its origin too."""

import io
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import boto3
import httpx
import pytest

from infra.setup.make_work_pool import job_template
from tests.e2e.s3_requests import Request, by_header, by_query, client, key, place, send
from tests.e2e.stack import setting
from tests.unit.test_setup import ENVIRON

CHECKSUM = "AWS_REQUEST_CHECKSUM_CALCULATION"
UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
ARROW = """
from pyarrow import fs
system, path = fs.FileSystem.from_uri("s3://lake/clients/arrow")
with system.open_output_stream(path) as out: out.write(b"arrow")
assert system.open_input_stream(path).read() == b"arrow"
system.delete_file(path)
"""


@contextmanager
def overheard() -> Iterator[tuple[str, bytearray]]:
    """An address that leads to S3, and all that clients said there."""
    said, listener = bytearray(), socket.create_server(("127.0.0.1", 0))

    def forward(source: socket.socket, target: socket.socket, record: bytearray) -> None:
        with suppress(OSError):
            while part := source.recv(65536):
                record += part
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, far = listener.accept()[0], socket.create_connection(("127.0.0.1", int(setting("S3_PORT"))))
                threading.Thread(target=forward, args=(near, far, said), daemon=True).start()
                threading.Thread(target=forward, args=(far, near, bytearray()), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}", said


def arrow_says(**environment: str) -> str:
    """What Arrow sends to write, read and delete a file with the key of flows."""
    access_key, secret_key = key("flows")
    own = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key, "AWS_REGION": "us-east-1"}
    with overheard() as (address, said):
        own |= {"AWS_ENDPOINT_URL": f"http://{address}", "AWS_EC2_METADATA_DISABLED": "true"}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        subprocess.run([sys.executable, "-c", ARROW], env=clean | own | environment, check=True)
    return said.decode("latin-1")


def test_arrow_left_alone_signs_no_body_and_works(stack: None):
    assert UNSIGNED in arrow_says()


def test_a_flow_signs_what_it_writes(stack: None):
    env = job_template(ENVIRON)["job_configuration"]["env"]
    said = arrow_says(**{CHECKSUM: env[CHECKSUM]})

    assert "PUT /lake/clients/arrow" in said
    assert "STREAMING-" not in said


@pytest.mark.parametrize("mode", ["when_required", "when_supported"])
def test_boto3_works_and_sends_no_unsigned_body(stack: None, monkeypatch: pytest.MonkeyPatch, mode: str):
    monkeypatch.setenv(CHECKSUM, mode)
    access_key, secret_key = key("flows")
    with overheard() as (address, said):
        signed_in = {"aws_access_key_id": access_key, "aws_secret_access_key": secret_key}
        s3 = boto3.client("s3", endpoint_url=f"http://{address}", region_name="us-east-1", **signed_in)
        s3.upload_fileobj(io.BytesIO(b"b" * 2**24), "lake", "clients/boto")  # in parts
        length = s3.head_object(Bucket="lake", Key="clients/boto")["ContentLength"]
        s3.delete_objects(Bucket="lake", Delete={"Objects": [{"Key": "clients/boto"}]})

    assert length == 2**24
    assert b"STREAMING-" not in said


def test_the_minio_client_works_and_its_links_too(stack: None):
    lake = client("flows")
    lake.put_object("lake", "clients/minio", io.BytesIO(b"m" * 6 * 2**20), -1, part_size=5 * 2**20)  # in parts
    link = lake.presigned_get_object("lake", "clients/minio")

    assert httpx.get(link).content == b"m" * 6 * 2**20
    assert httpx.put(link).status_code == 403
    lake.remove_object("lake", "clients/minio")


@pytest.mark.parametrize("sign", [by_header, by_query])
def test_what_is_signed_by_hand_is_taken_so_the_attacks_are_refused_for_their_signatures(stack: None, sign):
    put = Request("PUT", "/lake/clients/by-hand", headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}, body=b"x")

    assert send(sign(put, "flows"), place())[0] == 200
    assert send(sign(Request("DELETE", put.path), "flows"), place())[0] == 204


@pytest.mark.parametrize("user", ["flows", "root"])
def test_the_console_shows_the_buckets_of_who_logs_in(stack: None, user: str):
    access_key, secret_key = key(user)
    client("flows").put_object("lake", "clients/shown", io.BytesIO(b"x"), 1)
    with httpx.Client(base_url=f"http://{place('S3_CONSOLE_PORT')}") as console:
        assert "MinIO Console" in console.get("/").text
        login = console.post("/api/v1/login", json={"accessKey": access_key, "secretKey": secret_key})
        assert login.status_code == 204
        buckets = {one["name"] for one in console.get("/api/v1/buckets").raise_for_status().json()["buckets"]}
        listed = console.get("/api/v1/buckets/lake/objects", params={"prefix": "clients/"}).raise_for_status().json()

    assert buckets == {"lake", "prefect-results"} | ({"mlflow"} if user == "root" else set())
    assert "clients/shown" in [one["name"] for one in listed["objects"]]


@pytest.mark.parametrize(("origin", "allowed"), [("console", True), ("http://evil.example", False), ("null", False)])
def test_pages_of_the_console_may_call_s3_and_others_may_not(stack: None, origin: str, allowed: bool):
    if origin == "console":
        origin = f"http://localhost:{setting('S3_CONSOLE_PORT')}"
    preflight = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    answers = [
        httpx.options(f"http://{place()}/lake/x", headers=preflight),
        httpx.get(f"http://{place()}/minio/health/live", headers={"Origin": origin}),
    ]

    assert ["access-control-allow-origin" in answer.headers for answer in answers] == [allowed, allowed]

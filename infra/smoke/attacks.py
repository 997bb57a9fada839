"""Each function tries one attack on the running stack, and raises when it gets through."""

import json
import os
import zlib
from base64 import b64encode
from datetime import UTC, datetime

import httpx
import pyarrow.fs

from infra.smoke.claims import model_server, pipeline_run

RESULTS = "prefect-results"
HEAVY_VALUES = 3_000_000  # of one digit each: 6 MB of JSON, 300 MB of Python objects if they were built


def forged_write_is_refused() -> None:
    """A PUT that names a real access key and is not signed stores nothing (CVE-2026-41145)."""
    today = datetime.now(UTC).strftime("%Y%m%d")
    content = b"forged"
    checksum = b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()
    answer = httpx.put(
        f"{os.environ['AWS_ENDPOINT_URL']}/lake/forged-by-smoke",
        params={"X-Amz-Credential": f"{os.environ['AWS_ACCESS_KEY_ID']}/{today}/us-east-1/s3/aws4_request"},
        headers={
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "x-amz-decoded-content-length": str(len(content)),
            "x-amz-trailer": "x-amz-checksum-crc32",
            "Content-Encoding": "aws-chunked",
        },
        content=b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % (len(content), content, checksum.encode()),
    )
    assert answer.status_code == httpx.codes.FORBIDDEN, f"{answer.status_code} {answer.text[:300]}"
    store, _ = pyarrow.fs.FileSystem.from_uri(os.environ["LAKE_URL"])
    found = store.get_file_info("lake/forged-by-smoke")
    assert found.type == pyarrow.fs.FileType.NotFound, "the object is there"


def results_are_json() -> None:
    """What the last pipeline run stored is JSON, so reading it runs nothing."""
    store, _ = pyarrow.fs.FileSystem.from_uri(os.environ["LAKE_URL"])
    selector = pyarrow.fs.FileSelector(RESULTS, recursive=True)
    started = datetime.fromisoformat(pipeline_run()["start_time"])
    stored = [one for one in store.get_file_info(selector) if one.is_file and one.mtime >= started]
    assert stored, f"the last pipeline run left no result in {RESULTS}"
    for one in stored:
        with store.open_input_stream(one.path) as stream:
            json.loads(stream.read())


def heavy_request_is_refused() -> None:
    """Millions of tiny values in one body are counted before anything is made of them."""
    row = ",".join(["1"] * HEAVY_VALUES)
    body = f'{{"dataframe_split": {{"columns": ["PULocationID"], "data": [[{row}]]}}}}'
    answer = model_server("POST", "/invocations", body)
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE, f"{answer.status_code} {answer.text[:300]}"
    assert answer.json()["detail"], "the answer does not say why"


def foreign_host_is_refused() -> None:
    """A name that somebody else's DNS server may point at this machine is no name of this server."""
    answer = model_server("GET", "/model", Host="rebound.example:8080")
    assert answer.status_code == httpx.codes.MISDIRECTED_REQUEST, f"{answer.status_code} {answer.text[:300]}"

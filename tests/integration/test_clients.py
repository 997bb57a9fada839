"""Clients that we did not write, against the real process: MLflow's, a V2 client, a fuzzer."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tritonclient.http as triton
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

from tests.integration.processes import model_server
from tests.integration.test_limits import NOBODY, release, workers
from tests.unit.model_server.builders import TRIP

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
PREDICTED = pytest.approx([11.98] * 2)
FUZZER = str(Path(sys.executable).with_name("schemathesis"))


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    release(folder, "1", 3.0)
    with model_server(folder, NOBODY, MODEL_SERVER_ACCESS_LOG="off") as server:
        yield server


def test_mlflows_own_client_predicts(server):
    client = ScoringServerClient("127.0.0.1", server[0].rpartition(":")[2])

    client.ping()
    assert client.get_version().startswith("3.")
    predictions = client.invoke(pd.DataFrame([TRIP, TRIP | {"trip_distance": None}][:1])).get_predictions()
    assert predictions["minutes"].tolist() == [11.98]


@pytest.mark.parametrize("binary", [False, True])
def test_a_v2_client_predicts_from_json_and_from_binary_tensors(server, binary):
    client = triton.InferenceServerClient(server[0].removeprefix("http://"))
    columns = {name: np.array([value, value]) for name, value in TRIP.items() if name != "pickup"}
    inputs = []
    for name, values in columns.items():
        datatype = "INT64" if values.dtype == np.int64 else "FP32"
        tensor = triton.InferInput(name, [2], datatype)
        tensor.set_data_from_numpy(values.astype({"INT64": "i8", "FP32": "f4"}[datatype]), binary_data=binary)
        inputs.append(tensor)

    outputs = [triton.InferRequestedOutput("minutes", binary_data=False)]
    assert client.is_server_ready()
    assert client.get_model_metadata("trip-duration")["outputs"][0]["name"] == "minutes"
    assert list(client.infer("trip-duration", inputs, outputs=outputs).as_numpy("minutes")) == PREDICTED
    client.close()


def test_every_operation_answers_anything_as_its_document_says(server, tmp_path):
    url, process = server
    before = set(workers(process))
    command = [FUZZER, "run", f"{url}/openapi.json", "--checks", CHECKS, "--mode", "all", "--max-examples"]
    command += [
        os.environ.get("FUZZ_EXAMPLES", "30"),
        "--workers",
        "2",
        "--no-color",
        "--generation-database=none",
        "--suppress-health-check=all",  # a busy machine makes its examples slowly
    ]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-5000:]
    assert set(workers(process)) == before

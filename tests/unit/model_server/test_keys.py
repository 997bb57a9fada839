"""API keys and the reload token: who may predict, who may change what is served."""

import os
import time

import pytest

from services.model_server import create_app, releases
from services.model_server.keys import Keys, add, main
from services.model_server.problems import Problem
from services.model_server.serving import Serving
from services.model_server.settings import Settings
from tests.unit.model_server.builders import TRIP, serve


@pytest.fixture(name="file")
def _file(tmp_path):
    return tmp_path / "keys"


@pytest.fixture(name="locked")
def _locked(tmp_path, file):
    serve(tmp_path)
    file.touch()
    settings = Settings(mlflow_tracking_uri="u", model_dir=tmp_path, model_server_keys_file=str(file))
    return create_app(settings).test_client()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize("path", ["/predict", "/invocations", "/v2/models/trip-duration/infer"])
def test_without_a_key_nothing_is_predicted_and_what_only_tells_stays_open(locked, path):
    answer = locked.post(path, json=TRIP)

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert {locked.get(path).status_code for path in ("/health/live", "/ping", "/", "/model")} == {200}


@pytest.mark.parametrize("method", ["post", "Post", "pOST"])
def test_a_method_spelt_in_another_way_gets_past_no_key(locked, method):
    path = "/v2/models/trip-duration/versions/1/infer"
    tensor = {"name": "trip_distance", "shape": [1], "datatype": "FP32", "data": [1]}

    answer = locked.open(path, json={"inputs": [tensor]}, environ_overrides={"REQUEST_METHOD": method})
    assert answer.status_code == 405


@pytest.mark.parametrize("broken", ["directory", "not UTF-8", "gone"])
def test_a_file_that_cannot_be_read_any_more_lets_nobody_in_and_says_so_once(file, caplog, broken):
    key = add(file, "app", "predict")
    keys = Keys(str(file))
    keys.require({"HTTP_X_API_KEY": key}, "predict")
    if broken == "not UTF-8":
        file.write_bytes(file.read_bytes() + b"\xff")
    else:
        file.unlink()
    if broken == "directory":
        file.mkdir()

    for _ in range(3):
        keys.refresh()
    with pytest.raises(Problem):
        keys.require({"HTTP_X_API_KEY": key}, "predict")
    assert caplog.text.count("event=keys_not_read") == 1


def test_a_refresher_that_fails_does_not_keep_revoked_keys(tmp_path, file, monkeypatch):
    def fail(_):
        raise RuntimeError("the disk is gone")

    key = add(file, "app", "predict")
    serve(tmp_path)
    settings = Settings(mlflow_tracking_uri="u", model_dir=tmp_path, model_server_keys_file=str(file))
    client = create_app(settings).test_client()
    monkeypatch.setattr(Serving, "_refresh", fail)
    file.write_text("")

    until = time.monotonic() + 10
    while client.post("/predict", json=TRIP, headers=bearer(key)).status_code == 200 and time.monotonic() < until:
        time.sleep(0.05)
    assert client.post("/predict", json=TRIP, headers=bearer(key)).status_code == 401


def test_several_keys_are_known_and_one_is_revoked_by_deleting_its_line(file):
    first, second = add(file, "first", "predict"), add(file, "second", "predict")
    keys = Keys(str(file))
    for key in (first, second):
        keys.require({"HTTP_AUTHORIZATION": f"Bearer {key}"}, "predict")

    file.write_text(file.read_text().splitlines()[1] + "\n")
    os.utime(file, ns=(1, 1))
    keys.refresh()

    with pytest.raises(Problem):
        keys.require({"HTTP_AUTHORIZATION": f"Bearer {first}"}, "predict")
    keys.require({"HTTP_X_API_KEY": second}, "predict")


def test_a_key_to_predict_may_not_change_what_is_served(file):
    keys_file = str(file)
    key, admin = add(file, "app", "predict"), add(file, "ops", "admin")

    with pytest.raises(Problem, match="role admin"):
        Keys(keys_file).require({"HTTP_AUTHORIZATION": f"Bearer {key}"}, "admin")
    Keys(keys_file).require({"HTTP_AUTHORIZATION": f"Bearer {admin}"}, "admin")


def test_the_file_holds_no_key_and_is_for_its_owner_alone(file):
    key = add(file, "app", "predict")

    assert key not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_missing_file_lets_nobody_in(tmp_path):
    with pytest.raises(Problem):
        Keys(str(tmp_path / "none")).require({}, "predict")


def test_reload_wakes_the_follower_for_the_bearer_of_the_token_only(tmp_path):
    settings = Settings(mlflow_tracking_uri="u", model_dir=tmp_path, model_reload_token="secret")
    client = create_app(settings).test_client()

    assert client.post("/model/reload").status_code == 401
    assert client.post("/model/reload", headers=bearer("wrong")).status_code == 401
    assert releases.asked_to_look(tmp_path) == 0
    assert client.post("/model/reload", headers=bearer("secret")).status_code == 202
    assert releases.asked_to_look(tmp_path) > 0


def test_a_key_is_made_by_one_command(file, capsys):
    assert main([str(file), "app", "admin"]) == 0

    key = capsys.readouterr().out.strip()
    Keys(str(file)).require({"HTTP_AUTHORIZATION": f"Bearer {key}"}, "admin")
    assert main([str(file)]) == 2

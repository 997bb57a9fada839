"""The stack as it stands: who may listen where, as whom everything runs, and what can be read from
outside."""

import json
from io import BytesIO

import httpx
import psycopg2
import pytest
from minio.error import S3Error

from tests.e2e.s3_requests import client
from tests.e2e.stack import PROJECT, ROOT, Prefect, compose, inspect, run, secret, setting, until
from tests.unit.model_server.builders import TRIP

PROXIES = ["engine-proxy", "engine-proxy-deploy"]
GATES = ["gate", "gate-registry"]
SERVICES = ["postgres", "s3", "registry", "prefect", "mlflow", "model-server", "worker", "janitor", *GATES, *PROXIES]


@pytest.fixture(scope="module")
def containers(stack: None) -> dict[str, dict]:
    ids = compose("ps", "--quiet").split()
    found = [inspect(one) for one in ids]
    return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_is_healthy_and_locked_down(containers, service):
    found = containers[service]
    host = found["HostConfig"]

    assert found["State"]["Health"]["Status"] == "healthy"
    assert found["Config"]["User"] not in ("", "root", "0")
    assert (host["Privileged"], host["ReadonlyRootfs"], host["CapDrop"]) == (False, True, ["ALL"])
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert host["LogConfig"]["Config"]["max-size"] == "10m"


def test_only_the_two_proxies_see_the_engines_socket(containers):
    with_socket = {name for name, one in containers.items() if "docker.sock" in json.dumps(one["Mounts"])}

    assert with_socket == {"engine-proxy", "engine-proxy-deploy"}


def test_every_published_port_is_on_loopback(containers):
    ports = [
        binding
        for one in containers.values()
        for bindings in one["HostConfig"]["PortBindings"].values()
        for binding in bindings
    ]

    assert len(ports) == 8
    assert {binding["HostIp"] for binding in ports} == {"127.0.0.1"}


def test_no_secret_can_be_read_from_containers_images_or_logs(prefect: Prefect, containers):
    run_id = prefect.start("patience/on-demand")
    prefect.until(run_id)
    flow = inspect(prefect.container(run_id))
    seen = json.dumps([containers, flow, inspect(flow["Image"]), prefect.call("GET", f"/flow_runs/{run_id}")])
    seen += compose("logs", "--no-color") + run("docker", "logs", flow["Id"]).stdout
    seen += json.dumps(prefect.call("GET", "/work_pools/docker"))
    seen += "".join(run("docker", "top", one["Id"], "-o", "pid,args").stdout for one in containers.values())

    for path in (ROOT / ".secrets").iterdir():
        assert path.read_text().removeprefix("admin:") not in seen, path.name


@pytest.mark.parametrize(("login", "status"), [(None, 401), (("admin", "wrong"), 401)])
def test_prefect_asks_for_its_password(stack, login, status):
    url = f"http://127.0.0.1:{setting('PREFECT_PORT')}/api/flows/count"

    assert httpx.post(url, auth=login, json={}).status_code == status


def test_the_s3_user_of_flows_can_do_no_more_than_its_work(stack):
    flows = client("flows")
    list(flows.list_objects("lake"))
    for forbidden in (
        lambda: flows.make_bucket("another"),
        lambda: list(flows.list_objects("mlflow")),
        lambda: flows.remove_bucket("lake"),
    ):
        with pytest.raises(S3Error, match="Access Denied"):
            forbidden()


def test_the_model_servers_key_can_only_put_into_its_log(stack: None):
    own = client("model_server")
    own.put_object("lake", "prediction-log/_tried", BytesIO(b""), 0)
    for forbidden in (
        lambda: own.put_object("lake", "trips/month=2023-01/rows.parquet", BytesIO(b""), 0),
        lambda: own.get_object("lake", "prediction-log/_tried"),
        lambda: own.remove_object("lake", "prediction-log/_tried"),
        lambda: list(own.list_objects("lake")),
    ):
        with pytest.raises(S3Error, match="Access Denied"):
            forbidden()


def test_a_prediction_is_logged_in_the_lake(champion: str):
    lake = client("flows")

    def logged() -> set[str]:
        found = lake.list_objects("lake", "prediction-log/", recursive=True)
        return {one.object_name for one in found if one.object_name.endswith(".parquet")}

    before = logged()
    httpx.post(f"http://127.0.0.1:{setting('MODEL_SERVER_PORT')}/predict", json=TRIP).raise_for_status()

    assert f"/trip-duration-{champion}-" in until(lambda: logged() - before, 90, "a new file of the log").pop()


def test_each_database_is_closed_to_the_other_roles(stack):
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(
            host="127.0.0.1",
            port=setting("POSTGRES_PORT"),
            user="trips",
            password=secret("postgres_trips"),
            dbname="prefect",
        )


def test_setup_again_changes_nothing_and_takes_a_second(prefect: Prefect):
    automations = [one["id"] for one in prefect.call("POST", "/automations/filter")]
    said = compose("run", "--rm", "-T", "setup")

    assert "event=made" not in said
    assert float(said.rpartition("seconds=")[2]) <= 1
    assert [one["id"] for one in prefect.call("POST", "/automations/filter")] == automations


def test_schedules_make_runs_ahead_of_time(prefect: Prefect):
    deployment = prefect.call("GET", "/deployments/name/score/hourly")["id"]
    planned = {"flow_runs": {"deployment_id": {"any_": [deployment]}, "state": {"type": {"any_": ["SCHEDULED"]}}}}

    assert until(lambda: prefect.call("POST", "/flow_runs/count", **planned) > 1, 120, "planned hourly runs")


def test_a_secret_in_a_log_is_named(stack: None):
    log = "printf 'admin:%s' \"$(cat /run/secrets/mlflow_password)\" | base64 >/proc/1/fd/2"
    compose("exec", "-T", "gate", "sh", "-c", log)
    found = run("infra/host/leaks", check=False)
    compose("up", "--detach", "--wait", "--force-recreate", "--no-deps", "gate")

    assert (found.returncode, found.stdout) == (1, "<secret mlflow_password>\n")
    assert run("infra/host/leaks").stdout == ""


def test_the_doctor_tells_no_secret(stack):
    run("make", "doctor")
    report = (ROOT / "var/doctor.txt").read_text()

    assert "== services" in report
    assert not [path.name for path in (ROOT / ".secrets").iterdir() if path.read_text() in report]


def test_only_the_last_exited_flow_containers_are_kept(prefect: Prefect):
    ours = ("label=io.prefect.flow-run-id", f"network={PROJECT}_flows", "status=exited")
    exited = ["docker", "ps", "-aq", *(word for one in ours for word in ("--filter", one))]
    kept = int(setting("KEEP_CONTAINERS"))
    until(lambda: len(run(*exited).stdout.split()) <= kept, 60, f"at most {kept} exited flow containers")

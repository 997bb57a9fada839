"""Before anything starts it is said what would let others in without a log-in, an override file included."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.copies import copy_project
from tests.engine import needs_engine

pytestmark = needs_engine
LOOPBACK = {  # nothing to tell
    "no override": {},
    "its own ports, moved": {"postgres": {"ports": ["127.0.0.2:15433:5432", "[::1]:15434:5432"]}},
    "a new service on loopback": {"more": {"image": "x", "ports": ["127.0.0.1:8888:80"]}},
    "no port": {"more": {"image": "x", "expose": ["80"], "volumes": ["./var:/var/x", "models:/models"]}},
}
ASKING = {  # open to others, with a log-in
    "postgres": {"postgres": {"ports": ["0.0.0.0:15433:5432"]}},
    "both of S3": {"s3": {"ports": ["15000-15001:9000-9001"]}},
    "Prefect over IPv6": {"prefect": {"ports": ["[::]:14200:4200"]}},
    "predictions": {"model-server": {"ports": [{"target": 8080, "published": "18080"}]}},
    "MLflow, asking": {"gate": {"ports": ["15001:5001"], "environment": {"BIND": "0.0.0.0"}}},
}
TOLD = {  # what is told, and the override
    "gate": {"gate": {"ports": ["0.0.0.0:15001:5001"]}},
    "gate, long": {"gate": {"ports": [{"target": 5001, "published": "15001"}]}},
    "gate, IPv6": {"gate": {"ports": ["[::]:15001:5001"]}},
    "gate, one address": {"gate": {"ports": ["192.0.2.7:15001:5001"]}},
    "gate, no address": {"gate": {"ports": ["15001:5001"]}},
    "gate, any port": {"gate": {"ports": ["5001"]}},
    "gate, other port": {"gate": {"ports": ["0.0.0.0:15001:5000"], "environment": {"BIND": "0.0.0.0"}}},
    "gate, told it is closed": {"gate": {"ports": ["0.0.0.0:15001:5001"], "environment": {"BIND": "127.0.0.1"}}},
    "gate-registry": {"gate-registry": {"ports": ["0.0.0.0:5999:5000"]}},
    "gate-registry, range": {"gate-registry": {"ports": ["6000-6002:5000-5002"]}},
    "gate-registry, range of one": {"gate-registry": {"ports": [{"target": 5000, "published": "6000-6010"}]}},
    "registry": {"registry": {"ports": ["0.0.0.0:5999:5000/udp"]}},
    "mlflow": {"mlflow": {"ports": ["0.0.0.0:15001:5001"]}},
    "model-server, metrics": {"model-server": {"ports": ["0.0.0.0:18081:8081"]}},
    "prefect, another port": {"prefect": {"ports": ["14201:4201"]}},
    "deploy, of a profile": {"deploy": {"ports": ["9999:9999"]}},
    "more, a new service": {"more": {"image": "x", "profiles": ["odd"], "ports": ["8888:80"]}},
    "postgres, host network": {"postgres": {"networks": {}, "network_mode": "host"}},
    "worker, pid": {"worker": {"pid": "host"}},
    "worker, privileged": {"worker": {"privileged": True}},
    "worker, socket": {"worker": {"volumes": ["/var/run/docker.sock:/x"]}},
    "worker, socket, long": {"worker": {"volumes": [{"type": "bind", "source": "/run/docker.sock", "target": "/x"}]}},
    "worker, socket's folder": {"worker": {"volumes": ["/run:/host/run:ro"]}},
    "worker, all": {"worker": {"volumes": ["/:/host:ro"]}},
}


@pytest.fixture(name="project", scope="module")
def _project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("project")
    copy_project(project)
    return project


def exposure(project: Path, services: dict[str, Any], env: dict[str, str] | None = None) -> list[str]:
    """The lines that are printed; of an obstacle, what it is."""
    text = json.dumps({"services": services}, indent=1)  # JSON is YAML; the tag has no form in it
    (project / "docker-compose.override.yml").write_text(text.replace('"networks": {}', '"networks": !reset {}'))
    done = subprocess.run(
        [project / "infra/host/exposure"], env=os.environ | (env or {}), capture_output=True, text=True, check=True
    )
    assert not done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert all(len(line) == 2 for line in lines if line != ["opened"])  # each with its remedy
    return [line[0] for line in lines]


@pytest.mark.parametrize("what", LOOPBACK)
def test_nothing_is_told_of_what_stays_on_this_machine(project: Path, what: str):
    assert exposure(project, LOOPBACK[what]) == []


@pytest.mark.parametrize("what", ASKING)
def test_what_asks_for_a_log_in_may_be_open(project: Path, what: str):
    assert exposure(project, ASKING[what]) == ["opened"]


@pytest.mark.parametrize("what", TOLD)
def test_what_lets_others_in_is_told_by_its_name(project: Path, what: str):
    told = [line for line in exposure(project, TOLD[what]) if line != "opened"]

    assert told
    assert {line.split()[0] for line in told} == {what.partition(",")[0]}


def test_bind_opens_what_asks_for_a_log_in_and_nothing_else(project: Path):
    assert exposure(project, {}, {"BIND": "0.0.0.0"}) == ["opened"]
    assert exposure(project, {}, {"BIND": "[::]"}) == ["opened"]


def test_files_that_cannot_be_read_are_no_reason_to_start(project: Path):
    (told,) = exposure(project, {"gate": {"ports": ["everywhere"]}})

    assert told.startswith("Compose cannot read the stack's files: ")
    assert "everywhere" in told


def test_check_refuses_for_each_of_them(project: Path):
    exposure(project, TOLD["gate"])
    done = subprocess.run([project / "infra/host/check"], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "✗ gate would listen beyond this machine" in done.stderr
    assert "→ set BIND in .env" in done.stderr

"""The stack's files hold what the product promises, without starting anything."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(TEXT)["services"]
LASTING = {name: one for name, one in SERVICES.items() if one.get("restart") != "no" and "profiles" not in one}
DOCKERFILES = [ROOT / "flows/Dockerfile", ROOT / "infra/base/Dockerfile", *ROOT.glob("services/*/Dockerfile")]


def test_the_settings_file_lists_exactly_the_variables_of_the_stack():
    declared = set(re.findall(r"^([A-Z_0-9]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    used = set(re.findall(r"\$\{([A-Z_0-9]+)", TEXT))

    assert used - {"COMPOSE_PROJECT_NAME", "ONLY", "COMMIT"} == declared  # those three belong to one command


@pytest.mark.parametrize("service", LASTING)
def test_every_lasting_service_has_health_limits_and_no_rights(service):
    one = LASTING[service]

    assert one["healthcheck"]["test"][:2] == ["CMD", "probe"]
    assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"])
    assert {"mem_limit", "pids_limit", "logging"} <= set(one)


def test_every_dependency_waits_for_a_condition():
    conditions = [how for one in SERVICES.values() for how in one.get("depends_on", {}).values()]

    assert {how["condition"] for how in conditions} == {"service_healthy", "service_completed_successfully"}


def test_the_flows_command_starts_no_other_service():
    assert "depends_on" not in SERVICES["flows"]


def test_what_asks_for_no_log_in_is_never_opened_to_others():
    opened = {name for name, one in SERVICES.items() if any("BIND" in port for port in one.get("ports", []))}

    assert opened == {"postgres", "s3", "prefect", "gate", "model-server"}


def test_every_secret_is_a_file_and_no_value_stands_in_the_stack():
    secrets = yaml.safe_load(TEXT)["secrets"]

    assert {one["file"] for one in secrets.values()} == {f".secrets/{name}" for name in secrets}
    assert not re.search(r"(PASSWORD|SECRET_KEY|AUTH_STRING): ", TEXT)


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_dockerfile_can_be_read_at_a_glance(path):
    assert len(path.read_text().splitlines()) <= 30

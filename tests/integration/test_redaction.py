"""No secret value leaves by a report, by smoke's own look for leaks, or in the arguments of a program."""

import os
import shutil
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

from tests.arguments import recorded
from tests.copies import copy_project

PASSWORD, KEY = "Wv3kT9qLz0RbX7nYc5PdM2hJ8sFgA1eU", "oQ6iB4wN7vHt2Kx9ZrL5mCj3GyS8pDfE"
LEAKS = {
    "as it is": PASSWORD,
    "inside a word": f'{{"auth":"admin:{PASSWORD}@x"}}',
    "twice": f"{PASSWORD} and {PASSWORD}",
    "Basic log-in": b64encode(f"admin:{PASSWORD}".encode()).decode(),
    **{f"base64, {n} before": b64encode(f"{'u' * n}:{PASSWORD}:end".encode()).decode() for n in range(3)},
}


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    copy_project(project)
    (project / ".secrets").mkdir(mode=0o700)
    (project / ".secrets/prefect_auth").write_text(f"admin:{PASSWORD}")
    (project / ".secrets/s3_root").write_text(KEY)
    (project / ".secrets/empty").touch()
    return project


def run(project: Path, command: str, *, text: str = "", env: dict[str, str] | None = None) -> str:
    """Standard output of the script, without an engine."""
    environment = {**os.environ, "DOCKER_HOST": "unix:///nowhere.sock", **(env or {})}
    done = subprocess.run([project / command], input=text, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("form", LEAKS)
def test_a_secret_becomes_its_name_in_every_form(project: Path, form: str):
    found = run(project, "infra/host/redact", text=f"before {LEAKS[form]} after\n")

    assert "<secret prefect_auth>" in found
    assert PASSWORD not in found
    assert LEAKS[form][10:-12] not in found


def test_what_is_no_secret_stays_as_it_is(project: Path):
    text = "a | b \\ c & d /e/ \x01 ü\n\nadmin:x <secret>\n" + "x" * 100_000 + "\n"

    assert run(project, "infra/host/redact", text=text) == text


def test_the_doctor_writes_no_secret_and_hands_none_to_a_program(project: Path, tmp_path: Path):
    leaks = "\n".join(f"# {name}: {leak} {KEY}" for name, leak in LEAKS.items())
    (project / ".env").write_text((project / ".env.example").read_text() + leaks)
    environment, arguments = recorded(tmp_path)
    run(project, "infra/host/doctor", env=environment)
    report, seen = (project / "var/doctor.txt").read_text(), arguments.read_text()

    assert "docker compose ps" in seen
    assert {leak for leak in (PASSWORD, KEY, *LEAKS.values()) if leak in report + seen} == set()
    assert report.count("<secret s3_root>") == len(LEAKS)


def test_before_there_are_secrets_the_doctor_writes_its_report(project: Path):
    shutil.rmtree(project / ".secrets")
    run(project, "infra/host/doctor")

    assert "== machine" in (project / "var/doctor.txt").read_text()


def test_log_ins_are_printed_without_a_program_that_gets_them(project: Path, tmp_path: Path):
    shutil.copy(project / ".env.example", project / ".env")
    environment, arguments = recorded(tmp_path)
    said = run(project, "infra/host/secrets", env=environment)

    assert f"admin:{PASSWORD}" in said
    for path in (project / ".secrets").iterdir():
        assert not path.read_text() or path.read_text().removeprefix("admin:") not in arguments.read_text()

"""The demo's parts as real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import adbc_driver_postgresql.dbapi as driver
import psutil
import pytest

from infra.demo import environment, lock, parts, postgres, processes
from infra.demo.failures import DemoError
from infra.demo.fleet import Fleet
from infra.demo.places import Places
from infra.demo.processes import Child, Part
from tests.integration.processes import wait_for

INHERITED = environment.inherited(environment.given())


@pytest.fixture(name="fleet")
def _fleet():
    fleet = Fleet()
    yield fleet
    fleet.end()


def start_postgres(fleet: Fleet, root: Path) -> Child:
    part = parts.postgresql(Places(root), INHERITED)
    child = fleet.start(part)
    fleet.until_ready({part: child})
    return child


def processes_of(folder: Path) -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(p.info["cmdline"] or [])]


def test_postgres_starts_after_its_first_start_was_killed_in_the_middle(fleet, tmp_path):
    part = parts.postgresql(Places(tmp_path), INHERITED)
    child = fleet.start(part)
    wait_for((tmp_path / "postgres.new" / "base").exists, what="beginning of a cluster")
    for process in processes_of(tmp_path):
        process.kill()
    wait_for(lambda: child.status is not None, what="end of the tether")
    fleet.end()

    start_postgres(fleet, tmp_path)

    with driver.connect(postgres.url(tmp_path / "postgres")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        assert cursor.fetchone() == ("trips",)


def test_postgres_keeps_its_rows_and_takes_over_from_a_server_that_was_left_behind(fleet, tmp_path):
    start_postgres(fleet, tmp_path)
    address = postgres.url(tmp_path / "postgres")
    with driver.connect(address, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 7 AS seven")
    (tether,) = (p for p in processes_of(tmp_path) if str(processes.TETHER) in p.cmdline())
    tether.kill()  # the postmaster has nobody to end it now
    fleet.end()
    assert postgres.is_ready(tmp_path / "postgres")

    start_postgres(fleet, tmp_path)

    with driver.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT seven FROM kept")
        assert cursor.fetchone() == (7,)


def test_a_socket_that_finds_no_room_in_the_folder_lies_in_a_private_one_that_nobody_can_foretell(fleet, tmp_path):
    root = tmp_path / ("far" * 30)
    root.mkdir()
    start_postgres(fleet, root)
    first = postgres.socket_folder(root / "postgres")
    with driver.connect(postgres.url(root / "postgres")) as connection:
        assert connection.adbc_get_info()["vendor_name"] == "PostgreSQL"
    private = first.stat().st_mode & 0o777
    fleet.end()
    start_postgres(fleet, root)

    assert private == 0o700
    assert postgres.socket_folder(root / "postgres") != first
    assert not first.exists()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
def test_a_command_on_a_tether_ends_when_who_started_it_is_gone(tmp_path, sign):
    holder = (
        "import sys, time; from pathlib import Path; from infra.demo.processes import Child; "
        "Child('sleeper', ['sleep', sys.argv[1]], environment={'PATH': '/usr/bin:/bin'}, log=Path(sys.argv[2])); "
        "time.sleep(600)"
    )
    duration = f"6{os.getpid()}"
    parent = subprocess.Popen([sys.executable, "-c", holder, duration, str(tmp_path / "log")])
    family = wait_for(lambda: len(all_of := psutil.Process(parent.pid).children(recursive=True)) == 2 and all_of)

    parent.send_signal(sign)
    parent.wait()

    assert psutil.wait_procs(family, timeout=15)[1] == []


def test_a_command_that_ignores_the_polite_signal_is_killed(tmp_path, monkeypatch):
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(99)"
    )
    child = Child("stubborn", [sys.executable, "-c", stubborn], environment=INHERITED, log=tmp_path / "log")
    wait_for(lambda: (tmp_path / "log").read_text() == "on\n", what="stubborn command")
    began = time.monotonic()

    child.let_go()
    child.wait()

    assert child.status == 128 + signal.SIGKILL
    assert time.monotonic() - began < processes.END_SECONDS


def test_a_part_that_cannot_start_is_named_with_the_end_of_its_log(fleet, tmp_path):
    log = tmp_path / "part.log"
    command = ["sh", "-c", "echo no such thing >&2; exit 3"]
    part = Part(name="part", command=command, environment=INHERITED, log=log, is_ready=lambda: False, what="ready")

    with pytest.raises(DemoError) as failed:
        fleet.until_ready({part: fleet.start(part)})

    assert "part ended by itself (exit status 3)" in str(failed.value)
    assert f"{log}:\n  | no such thing" in str(failed.value)


def test_a_second_demo_in_one_checkout_is_refused_and_a_later_one_is_not(tmp_path):
    path = tmp_path / "lock"

    with lock.held(path), pytest.raises(DemoError, match=rf"another demo \(process {os.getpid()}\)"), lock.held(path):
        pass

    with lock.held(path) as file:
        assert os.fstat(file).st_ino == path.stat().st_ino


def test_a_demo_after_a_killed_one_waits_until_the_parts_of_that_one_are_gone(tmp_path):
    path = tmp_path / "lock"
    with lock.held(path) as file:
        last = Child("last", ["sleep", "1"], environment=INHERITED, log=tmp_path / "log", lock=file)

    with lock.held(path):
        assert last.seconds >= 1
    last.let_go()
    last.wait()

"""Our own PostgreSQL and S3 images alone, without the rest of the stack."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from minio import Minio
from testcontainers.core.container import DockerContainer

from tests.engine import needs_engine

ROOT = Path(__file__).parents[2]

pytestmark = needs_engine


@pytest.fixture(autouse=True, scope="module")
def _images() -> None:
    """The images as the tree says; built when they are not."""
    subprocess.run([ROOT / "infra/host/build"], check=True)


@pytest.fixture(autouse=True)
def _without_ryuk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")  # its image is not to be had everywhere


def secret_folder(folder: Path, **values: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, value in values.items():
        (folder / name).write_text(value)
    folder.chmod(0o755)
    return folder


def postgres(folder: Path, databases: str) -> DockerContainer:
    container = DockerContainer("trainyard/postgres", cap_drop=["ALL"])
    container.with_tmpfs_mount("/tmp").with_env("DATABASES", databases).with_exposed_ports(5432)
    return container.with_volume_mapping(str(folder), "/run/secrets", "ro")


def connected(container: DockerContainer, role: str, password: str, database: str) -> psycopg2.extensions.connection:
    """Wait for the server, at most 30 s; a wrong password is no reason to wait."""
    where = {"host": container.get_container_host_ip(), "port": container.get_exposed_port(5432)}
    for _ in range(150):
        try:
            return psycopg2.connect(user=role, password=password, dbname=database, connect_timeout=5, **where)
        except psycopg2.OperationalError as error:
            if "password" in str(error) or "permission" in str(error):
                raise
            time.sleep(0.2)
    raise AssertionError("PostgreSQL did not answer within 30 s")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    return secret_folder(tmp_path / "secrets", postgres_admin="a", postgres_one="1", postgres_two="2")


def test_each_role_owns_its_database_and_no_other(folder: Path):
    with postgres(folder, "one two") as container:
        connected(container, "one", "1", "one").cursor().execute("CREATE TABLE mine (n int)")
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            connected(container, "one", "1", "two")


def test_a_new_password_holds_after_a_restart_and_the_data_stays(folder: Path):
    with postgres(folder, "one") as container:
        with connected(container, "one", "1", "one") as connection:
            connection.cursor().execute("CREATE TABLE kept AS SELECT 7 AS n")
        secret_folder(folder, postgres_one="new")
        container.get_wrapped_container().restart()
        with pytest.raises(psycopg2.OperationalError, match="password"):
            connected(container, "one", "1", "one")
        cursor = connected(container, "one", "new", "one").cursor()
        cursor.execute("SELECT n FROM kept")

        assert cursor.fetchone() == (7,)


def test_a_first_start_that_was_killed_is_done_again(folder: Path):
    with postgres(folder, "one") as container:
        wrapped = container.get_wrapped_container()
        wrapped.kill()
        wrapped.start()

        assert connected(container, "one", "1", "one")


def test_minio_keeps_what_was_put_over_a_crash(tmp_path: Path):
    container = DockerContainer("trainyard/s3", cap_drop=["ALL"]).with_tmpfs_mount("/tmp").with_exposed_ports(9000)
    container.with_env("MINIO_ROOT_USER", "root").with_env("MINIO_ROOT_PASSWORD", "a-long-password")
    (tmp_path / "o").write_bytes(b"kept")

    def client() -> Minio:  # the port is another one after a restart
        where = f"127.0.0.1:{container.get_exposed_port(9000)}"
        return Minio(where, "root", "a-long-password", secure=False)

    with container:
        eventually(lambda: client().make_bucket("kept"))
        client().fput_object("kept", "o", str(tmp_path / "o"))
        container.get_wrapped_container().kill()
        container.get_wrapped_container().start()

        assert eventually(lambda: client().get_object("kept", "o").data) == b"kept"


def eventually(call: Callable[[], Any]) -> Any:
    """What the call returns once the server is up; its last error after 20 s."""
    for _ in range(100):
        try:
            return call()
        except Exception as error:
            last = error
            time.sleep(0.2)
    raise last

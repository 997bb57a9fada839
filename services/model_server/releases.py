"""The local record of which model version is served: small JSON files that are written whole or not at all.

The follower writes them, the workers read them; nothing else passes between those processes.
"""

from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")
Mark = tuple[int, ...]  # changes with every write of a file


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A model version on this disk. *file* is relative to the model folder; *since* is ISO 8601 in UTC."""

    name: str
    version: str
    file: str
    registry: str  # tracking URI: a version number means nothing without it
    alias: str = "champion"
    run_id: str | None = None
    experiment_id: str = ""  # of the run; empty in the record of an older server
    sha256: str = ""  # of the file; empty in the record of an older server
    checked: bool = False  # whether that was compared with the registry's tag model_sha256, which not every version has
    created: int = 0  # milliseconds since 1970, as the registry has it: tells a deleted and reused number
    since: str = ""
    metrics: dict[str, float] = {}  # noqa: RUF012  # msgspec copies an empty default
    params: dict[str, str] = {}  # noqa: RUF012
    tags: dict[str, str] = {}  # noqa: RUF012

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What makes two releases the same model."""
        return self.registry, self.name, self.version, self.created


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A version that the alias points at and that is not served, and why."""

    version: str
    reason: str
    at: str


class AliasVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version behind an alias, with the verdict that promotion left on it; empty where it left none.

    Errors are text, as tags of the registry are; *champion* is the version that it was compared with.
    """

    alias: str
    version: str
    verdict: str = ""  # promoted, not promoted, rolled back to
    why: str = ""
    at: str = ""  # ISO 8601 in UTC
    month: str = ""
    rmse: str = ""
    champion_rmse: str = ""
    champion: str = ""


class Following(msgspec.Struct, frozen=True, kw_only=True):
    """What the follower saw at its last look; *registry* is ok, or says why it could not be asked."""

    checked_at: str
    registry: str
    alias_version: str | None
    refused: list[Refusal] = []  # noqa: RUF012
    versions: list[AliasVersion] = []  # noqa: RUF012  # of all aliases, in the status of the champion's


class LinkState(msgspec.Struct):
    """A part of the stack: its address for people, and whether it answered at the last look (up, down)."""

    name: str
    url: str
    state: str = ""


def ask_to_look(folder: Path) -> None:
    """Wake the follower: it looks at the registry at once."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reload").touch()


def asked_to_look(folder: Path) -> int:
    """A number that changes with every ask."""
    try:
        return (folder / "reload").stat().st_mtime_ns
    except OSError:
        return 0


def pointer(folder: Path, alias: str) -> Path:
    """The file that says which version *alias* is."""
    return folder / f"{alias}.json"


def status(folder: Path, alias: str) -> Path:
    """The file that says how following *alias* goes."""
    return folder / f"{alias}.status.json"


def mark(path: Path) -> Mark | None:
    """The mark of *path*, None when it is not there."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


def write(path: Path, content: object) -> None:
    """Put *content* at *path* in one step: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(msgspec.json.encode(content))
    fresh.replace(path)


def read(path: Path, type_: type[T]) -> T | None:
    """The content of *path*, or None when there is none that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=type_)
    except (OSError, ValueError):
        return None

"""The models that a worker serves now: follows the local record, loads beside, swaps by one assignment."""

import logging
import threading
from pathlib import Path
from typing import NamedTuple

from services.model_server import checks, releases
from services.model_server.payload import Reader
from services.model_server.predictor import ModelError, Predictor
from services.model_server.problems import Problem
from services.model_server.releases import Following, Release
from services.model_server.settings import Settings

LOOK_SECONDS = 0.2  # one stat() per look
log = logging.getLogger("model_server.serving")


class Served(NamedTuple):
    """A model and the reader made from its fields: always used together, so always swapped together."""

    predictor: Predictor
    reader: Reader


class Serving:
    """Holds the champion. Requests read ``champion`` once and keep what they got to their end."""

    def __init__(self, settings: Settings) -> None:
        self.champion: Served | None = None
        self.locked = False  # True where requests need an API key
        self.trouble: str | None = None  # why the version on disk is not the one in memory
        self._settings = settings
        self._pointer = releases.pointer(settings.model_dir, settings.model_alias)
        self._seen: tuple[int, int] | None = None

    def refresh(self) -> None:
        """Swap to the version on disk when it is another one than in memory."""
        if (mark := _mark(self._pointer)) in (None, self._seen):
            return
        release = releases.read(self._pointer, Release)
        if release is None:
            return
        try:
            self.champion = self._load(release)
        except ModelError as error:
            self.trouble = f"version {release.version}: {error}"
            log.error("event=load_failed version=%s error=%r", release.version, str(error))
        else:
            self._seen, self.trouble = mark, None
            log.info("event=swapped version=%s run=%s", release.version, release.run_id)

    def _load(self, release: Release) -> Served:
        predictor = Predictor(release, self._settings.model_dir)
        checks.check(predictor, None)
        return Served(predictor, Reader(predictor.schema.fields, self._settings.model_server_max_rows))

    def watch(self, stop: threading.Event) -> None:
        """Refresh until *stop*; runs in a thread of its own."""
        while not stop.wait(LOOK_SECONDS):
            self.refresh()

    def following(self) -> Following | None:
        """What the follower saw at its last look, None before the first."""
        return releases.read(releases.status(self._settings.model_dir, self._settings.model_alias), Following)

    def require(self) -> Served:
        """The champion; raise Problem 503 that says how to get one."""
        if self.champion is None:
            raise Problem(503, "no-model", self.absence(), headers={"Retry-After": "2"})
        return self.champion

    def absence(self) -> str:
        """Why nothing is served, and what to do about it."""
        name, alias = self._settings.model_name, self._settings.model_alias
        if self.trouble:
            return f"The model is not loaded: {self.trouble}"
        seen = self.following()
        if seen is None:
            return "The server has just started and is asking the registry; try again in a few seconds."
        if seen.registry != "ok":
            return f"The model registry does not answer ({seen.registry}) and no model is stored here yet."
        if seen.refused:
            return f"Version {seen.refused[-1].version} of {name} was refused: {seen.refused[-1].reason}"
        return (
            f"No version of {name} has the alias {alias} yet. Train and promote one with `make demo` or "
            f"`docker compose run --rm flows`; it is served as soon as it is there."
        )


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino

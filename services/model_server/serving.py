"""The models that a worker serves now: follows the local record, loads beside, swaps by one assignment."""

import logging
import random
import threading
import time
from typing import NamedTuple

from services.model_server import checks, memory, releases
from services.model_server.payload import Reader
from services.model_server.predictor import ModelError, Predictor
from services.model_server.problems import Problem
from services.model_server.releases import Following, Mark, Release
from services.model_server.settings import Settings

AGAIN_SECONDS = 2.0  # until a version that did not load is tried again
log = logging.getLogger("model_server.serving")


class Served(NamedTuple):
    """A model and the reader made from its fields: always used together, so always swapped together."""

    predictor: Predictor
    reader: Reader


class Candidacy(NamedTuple):
    """The part that the candidate has: percents of the requests, and its version and since when, if there is one."""

    shadow_percent: float  # predicted too, compared, never answered
    split_percent: float  # answered
    version: str | None
    since: str | None


class Serving:
    """Holds champion and candidate. Requests choose once and keep what they got to their end."""

    def __init__(self, settings: Settings) -> None:
        self.champion: Served | None = None
        self.candidate: Served | None = None
        self.trouble: str | None = None  # why the version on disk is not the one in memory
        self.swaps = self.failures = 0
        self._settings, self._share = settings, settings.model_split_percent / 100
        self._seen: dict[str, Mark | None] = {}
        self._again = 0.0  # when a version that does not load may be tried once more
        self._refreshing = threading.Lock()

    def refresh(self) -> None:
        """Take the versions on disk when they are others than in memory."""
        with self._refreshing:
            self._refresh()

    def _refresh(self) -> None:
        changed, champion = self._changed(self._settings.model_alias, self.champion)
        if changed and champion is not None:  # without a pointer, the last champion serves on
            self.champion = champion
        if self._settings.model_shadow_percent or self._share:
            changed, candidate = self._changed(self._settings.model_candidate_alias, self.candidate)
            if changed:
                same = candidate and self.champion and _key(candidate) == _key(self.champion)
                self.candidate = None if same else candidate

    def _changed(self, alias: str, held: Served | None) -> tuple[bool, Served | None]:
        """Whether *alias* points elsewhere than at the last look, and the model that it points at."""
        path = releases.pointer(self._settings.model_dir, alias)
        mark = releases.mark(path)
        if alias in self._seen and self._seen[alias] == mark:
            return False, held
        if self.trouble and time.monotonic() < self._again:
            return False, held
        release = releases.read(path, Release) if mark else None
        if release is None:
            self._seen[alias] = mark
            return True, None
        try:
            loaded = self._load(release)
        except ModelError as error:
            if self.trouble is None:
                log.error("event=load_failed alias=%s error=%r", alias, str(error))
            self.trouble, self.failures = str(error), self.failures + 1
            self._again = time.monotonic() + AGAIN_SECONDS
            return False, held
        self._seen[alias], self.trouble, self.swaps = mark, None, self.swaps + 1
        log.info("event=swapped alias=%s version=%s run=%s", alias, release.version, release.run_id)
        return True, loaded

    def _load(self, release: Release) -> Served:
        predictor = Predictor(release, self._settings.model_dir)
        checks.check(predictor, None)
        memory.give_back()
        schema, most = predictor.schema, self._settings.model_server_max_rows
        return Served(predictor, Reader(schema.fields, most, ignored=schema.ignored_columns))

    def choose(self) -> Served:
        """The model for one request: the champion, or the candidate for its share of the traffic."""
        if self._share and self.candidate is not None and random.random() < self._share:
            return self.candidate
        return self.require()

    def candidacy(self) -> Candidacy:
        """What the candidate does here now; without a percent for it, it is not even loaded."""
        percents = self._settings.model_shadow_percent, self._settings.model_split_percent
        if self.candidate is None:
            return Candidacy(*percents, None, None)
        release = self.candidate.predictor.release
        return Candidacy(*percents, release.version, release.since)

    def following(self) -> Following | None:
        """What the follower saw at its last look, None before the first."""
        return releases.read(releases.status(self._settings.model_dir, self._settings.model_alias), Following)

    def require(self) -> Served:
        """The champion; raise Problem 503 that says how to get one."""
        if self.champion is None and self.trouble is None:
            self.refresh()  # another worker may serve the first model already: clients must see one server
        if self.champion is None:
            raise Problem(503, "no-model", self.absence(), headers={"Retry-After": "2"})
        return self.champion

    def absence(self) -> str:
        """Why nothing is served, and what to do about it."""
        name, alias = self._settings.model_name, self._settings.model_alias
        if self.trouble:
            return f"The model cannot be loaded: {self.trouble}"
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


def _key(served: Served) -> tuple[str, str, str, int]:
    return served.predictor.release.key

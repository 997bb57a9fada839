"""Follows the registry: brings the version behind the alias to this disk, checks it, moves the pointer.

The only part of the server that talks to MLflow, in a process of its own: workers stay small and serve on
when it fails.
"""

import logging
import random
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from services.model_server import fetching, links, memory, releases, settings, trial, verdicts
from services.model_server.predictor import ModelError
from services.model_server.releases import Following, Refusal, Release
from services.model_server.settings import Settings
from services.model_server.trial import Trial
from services.model_server.worker import end_with_parent, start_logs

NOT_THERE = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}  # no such model, no such alias
IMPATIENT_SECONDS = 2.0  # between looks while nothing is served
SHA256_TAG = "model_sha256"  # of a version: what its ONNX file was when it was registered
KEPT_VERSIONS = 3  # on disk, for a quick way back
log = logging.getLogger("model_server.follow")


class Follower:
    """Follows one *alias* of the model; ``look`` is one round."""

    def __init__(self, settings: Settings, alias: str) -> None:
        self._settings, self._alias, self._folder = settings, alias, settings.model_dir
        self._client = MlflowClient(tracking_uri=settings.mlflow_tracking_uri)
        self._refused: dict[tuple[str, int], Refusal] = {}
        self._said = ""
        self._seen: releases.Mark | None = None  # of the served file when it was last compared
        self._most_bytes = memory.for_model(settings.model_server_workers)
        self.current = self._stored()
        before = releases.read(releases.status(self._folder, alias), Following) if self.current else None
        self._versions = before.versions if before else []

    def _stored(self) -> Release | None:
        path = releases.pointer(self._folder, self._alias)
        release = releases.read(path, Release)
        if release and release.registry != self._settings.mlflow_tracking_uri:
            path.unlink()  # another registry's model: its version numbers mean nothing here
            return None
        return release

    def look(self) -> None:
        """Ask the registry once; never raise: what went wrong is told in the status file."""
        version, registry = None, "ok"
        try:
            version = self._client.get_model_version_by_alias(self._settings.model_name, self._alias)
            self._take(version)
        except MlflowException as error:
            if error.error_code not in NOT_THERE or version is not None:
                registry = f"{error.error_code}: the registry cannot be asked now"
        except Exception as error:  # storage clients raise their own; the next look is soon
            registry = f"{type(error).__name__}: the model's files cannot be fetched now"
        if version is None and registry == "ok":
            self._let_go()
        if registry == "ok" and self._alias == self._settings.model_alias:
            aliases = (self._alias, self._settings.model_candidate_alias, verdicts.PREVIOUS)
            found = verdicts.look(self._client, self._settings.model_name, aliases, version)
            self._versions = self._versions if found is None else found
        seen = version.version if version else None
        self._say(f"event=looked alias={self._alias} version={seen} registry={registry!r}")
        refused = list(self._refused.values())[-10:]
        state = Following(
            checked_at=_now(),
            registry=registry,
            alias_version=seen and str(seen),
            refused=refused,
            versions=self._versions,
        )
        releases.write(releases.status(self._folder, self._alias), state)

    def _let_go(self) -> None:
        """Nothing has the alias: a candidate is gone; a champion serves on, a slip must be no outage."""
        if self.current and self._alias != self._settings.model_alias:
            releases.pointer(self._folder, self._alias).unlink(missing_ok=True)
            self.current = None

    def _take(self, version: ModelVersion) -> None:
        key = (str(version.version), version.creation_timestamp)
        current = self.current and (self.current.version, self.current.created) == key and self._intact(self.current)
        if key in self._refused or current:
            return
        try:
            release = self._fetch(version)
            champion = releases.read(releases.pointer(self._folder, self._settings.model_alias), Release)
            trial.run(Trial(folder=str(self._folder), new=release, served=champion, memory_bytes=self._most_bytes))
        except ModelError as error:
            self._refused[key] = Refusal(version=key[0], reason=str(error), at=_now())
            log.error("event=refused version=%s reason=%r", key[0], str(error))
            return
        releases.write(releases.pointer(self._folder, self._alias), release)
        self.current = release
        log.info("event=released alias=%s version=%s run=%s", self._alias, release.version, release.run_id)

    def _intact(self, release: Release) -> bool:
        """Whether the file of *release* is what was released; it is read only when it has changed."""
        path = self._folder / release.file
        mark = releases.mark(path)
        if mark is None or mark != self._seen:
            if _found(path.parent) != release.sha256:
                return False
            self._seen = mark
        return True

    def _sha256(self, version: ModelVersion) -> str:
        """What the file of a version without a tag was when it was released here; empty when it was not."""
        now = self.current
        same = now and (now.version, now.created) == (str(version.version), version.creation_timestamp)
        return now.sha256 if now and same else ""

    def _fetch(self, version: ModelVersion) -> Release:
        name, number = self._settings.model_name, str(version.version)
        target = self._folder / "versions" / f"{number}-{version.creation_timestamp}"
        tag = version.tags.get(SHA256_TAG, "").lower()
        found = _found(target)
        if not found or found != (tag or self._sha256(version)):  # not here, changed here, or nothing to compare with
            fetching.fetch(f"models:/{name}/{number}", self._settings.mlflow_tracking_uri, target, self._most_bytes)
            self._forget_old(target)
            found = fetching.checksum(fetching.graph(target))
        if tag and found != tag:
            raise ModelError(f"its file has the SHA-256 {found}; the registry's tag {SHA256_TAG} says {tag}")
        made = self._client.get_run(version.run_id) if version.run_id else None
        run = made.data if made else None
        # of a series, such as rmse_by_hour, the registry gives the last step, which is no figure of the model
        metrics = {name: value for name, value in (run.metrics if run else {}).items() if "_by_" not in name}
        return Release(
            name=name,
            version=number,
            file=str(fetching.graph(target).relative_to(self._folder)),
            sha256=found,
            checked=bool(tag),
            registry=self._settings.mlflow_tracking_uri,
            alias=self._alias,
            run_id=version.run_id,
            experiment_id=made.info.experiment_id if made else "",
            created=version.creation_timestamp,
            since=_now(),
            metrics=metrics,
            params=run.params if run else {},
            tags={k: v for k, v in (run.tags | version.tags if run else version.tags).items() if "mlflow." not in k},
        )

    def _forget_old(self, newest: Path) -> None:
        aliases = (self._settings.model_alias, self._settings.model_candidate_alias)
        found = [releases.read(releases.pointer(self._folder, alias), Release) for alias in aliases]
        served = {Path(release.file).parts[1] for release in found if release}  # versions/<folder>/...
        folders = sorted(newest.parent.glob("[!.]*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in folders[KEPT_VERSIONS:]:
            if old.name not in served:
                shutil.rmtree(old, ignore_errors=True)

    def _say(self, line: str) -> None:
        if line != self._said:
            log.info(line)
        self._said = line


def _found(folder: Path) -> str:
    """The checksum of the ONNX file in *folder*, empty when there is none."""
    try:
        return fetching.checksum(fetching.graph(folder))
    except (OSError, ModelError):
        return ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def follow(settings: Settings) -> None:
    """Look for ever; each pause has another length, so that many servers do not ask at once."""
    followers = [Follower(settings, settings.model_alias)]
    if settings.model_shadow_percent or settings.model_split_percent:
        followers.append(Follower(settings, settings.model_candidate_alias))
    folder = settings.model_dir
    while True:
        asked = releases.asked_to_look(folder)
        for follower in followers:
            follower.look()
        releases.write(folder / "links.json", [links.look(link) for link in settings.links])
        pause = settings.model_poll_seconds if followers[0].current else IMPATIENT_SECONDS
        pause = min(pause, settings.model_poll_seconds) * random.uniform(0.8, 1.0)
        until = time.monotonic() + pause
        while time.monotonic() < until and releases.asked_to_look(folder) == asked:
            time.sleep(0.1)


if __name__ == "__main__":
    start_logs()
    end_with_parent(int(sys.argv[1]))
    follow(settings.load())

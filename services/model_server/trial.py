"""A model's first load, in a process of its own with bounds: what never ends, eats memory or crashes is refused there.

Workers load only what has passed here.
"""

import contextlib
import logging
import resource
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from services.model_server import checks, memory, settings
from services.model_server.predictor import ModelError, Predictor
from services.model_server.releases import Release

OUT_OF_MEMORY = ("bad_alloc", "Failed to allocate", "MemoryError", "std::length_error")
log = logging.getLogger("model_server.trial")


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What is tried: *new* beside *served*, both in *folder*, with at most so much memory beyond a bare process."""

    folder: str
    new: Release
    served: Release | None
    memory_bytes: int
    cpu_seconds: int = 30
    seconds: int = 120


def run(trial: Trial) -> None:
    """Raise ModelError unless the new version may be served."""
    command = [sys.executable, "-m", "services.model_server.trial"]
    given = msgspec.json.encode(trial)
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, timeout=trial.seconds, env=settings.trial_environment()
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"loading and one example take more than {trial.seconds} s") from None
    if done.returncode == 0:
        return
    if done.returncode == 1 and done.stdout:
        raise ModelError(done.stdout.decode(errors="replace"))
    if done.returncode == -signal.SIGXCPU:
        raise ModelError(f"loading and one example take more than {trial.cpu_seconds} s of a processor")
    how = signal.Signals(-done.returncode).name if done.returncode < 0 else f"status {done.returncode}"
    log.error("event=trial_ended how=%s output=%r", how, done.stderr[-1000:].decode(errors="replace"))
    raise ModelError(f"it ends the process that loads it ({how}), with at most {_mb(trial)} MB of memory")


def attempt(trial: Trial) -> str:
    """Why the new version must not be served, empty when it may."""
    folder = Path(trial.folder)
    served = None
    with contextlib.suppress(ModelError):  # one that does not load answers nobody, so nobody can be broken
        served = Predictor(trial.served, folder).schema if trial.served else None
    _bound(trial)
    try:
        checks.check(Predictor(trial.new, folder), served)
    except (ModelError, MemoryError) as error:
        told = str(error) or "MemoryError"
        out = isinstance(error, MemoryError) or any(word in told for word in OUT_OF_MEMORY)
        return f"it takes more than {_mb(trial)} MB of memory; a server with more can take it" if out else told
    return ""


def _bound(trial: Trial) -> None:
    """From here on: so much memory and processor time, no file written; when memory is short, end this one first."""
    most = memory.taken() + trial.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (trial.cpu_seconds, trial.cpu_seconds + 1))
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(limit, (0, 0))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _mb(trial: Trial) -> int:
    return trial.memory_bytes // 1_000_000


if __name__ == "__main__":
    settings.calm_worker_libraries()
    if refused := attempt(msgspec.json.decode(sys.stdin.buffer.read(), type=Trial)):
        sys.stdout.write(refused)
        sys.exit(1)

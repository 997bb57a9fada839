"""Automations that end runs which can no longer end themselves.

no-heartbeat: a running flow reports every 30 s; 90 s of silence mean that its container is gone.
stuck-pending: a run that a worker claimed and never started. The server counts both in memory; the janitor
ends what a server's own crash makes it forget.
"""

from infra.setup.prefect_api import PrefectApi

ENDED = ["Completed", "Failed", "Crashed", "Cancelled"]
WAITING = ["Paused", "Suspended", "AwaitingRetry", "Cancelling"]
BEAT = "prefect.flow-run.heartbeat"


def make_automations(api: PrefectApi) -> None:
    """Read by name, then create or replace: automations are not unique by name, and doubles fire twice."""
    running = _events("Running")
    wanted = [
        _crash_when(
            "no-heartbeat",
            [*running, BEAT],
            [BEAT, *_events(*WAITING, *ENDED)],
            within=90,
            message="No heartbeat for 90 s: the container of this run is gone.",
        ),
        _crash_when(
            "stuck-pending",
            _events("Pending"),
            _events("Running", "Scheduled", *WAITING, *ENDED),
            within=120,
            message="Pending for 120 s: the worker was lost before it started a container.",
        ),
    ]
    for automation in wanted:
        by_name = {"automations": {"name": {"any_": [automation["name"]]}}}
        found = api.send("POST", "/automations/filter", by_name)
        if not found:
            api.send("POST", "/automations/", automation)
        else:
            api.send("PUT", f"/automations/{found[0]['id']}", automation)


def _events(*states: str) -> list[str]:
    return [f"prefect.flow-run.{state}" for state in states]


def _crash_when(name: str, after: list[str], expect: list[str], *, within: int, message: str) -> dict[str, object]:
    return {
        "name": name,
        "description": message,
        "enabled": True,
        "trigger": {
            "type": "event",
            "posture": "Proactive",
            "threshold": 1,
            "within": within,
            "match": {"prefect.resource.id": "prefect.flow-run.*"},
            "for_each": ["prefect.resource.id"],
            "after": after,
            "expect": expect,
        },
        "actions": [{"type": "change-flow-run-state", "state": "CRASHED", "message": message}],
    }

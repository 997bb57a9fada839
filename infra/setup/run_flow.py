"""`docker compose run --rm flows [FLOW] [OPTIONS]`: run a flow in the work pool and follow it to its end.

Prints the lines of the run and of its subflow runs as they come, and its result at the end. Exits with 0 when the run
completed, 1 when it did not, 2 for invalid arguments: no run exists then. Ctrl-C asks whether to cancel the run or to
leave it running.
"""

import copy
import os
import sys
from typing import Any

import click
import httpx

from flows.command_line import FlowSignature, command_line, execute
from infra.setup.deployed import api_client, deployments
from infra.setup.follow_run import Follower
from infra.setup.make_work_pool import FLOWS_COMMAND


def by_every_name(known: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the deployments by `flow/deployment`, and the oldest of each flow by the flow's name too."""
    oldest = {name.partition("/")[0]: known[name] for name in reversed(known)}
    return oldest | known


def signature(name: str, deployment: dict[str, Any]) -> FlowSignature:
    """Return what the command line accepts; a required parameter must be given even if the schedule's runs have it."""
    schema = copy.deepcopy(deployment["parameter_openapi_schema"] or {})
    fields = sorted(schema.get("properties", {}).items(), key=lambda named: named[1].get("position", 0))
    schema["properties"] = dict(fields)  # the database orders them by length
    for parameter, field in fields:
        if parameter in deployment["parameters"] and parameter not in schema.get("required", []):
            field["default"] = deployment["parameters"][parameter]
    return FlowSignature(name, deployment["description"] or "", schema)


def start(api: httpx.Client, name: str, deployment: dict[str, Any], parameters: dict[str, Any]) -> int:
    """Start a run of the deployment, follow it, return the exit status."""
    follower = Follower(api)
    body = {
        "parameters": parameters,
        "state": {"type": "SCHEDULED"},
        "work_queue_name": "urgent",
    }
    answer = api.post(f"/deployments/{deployment['id']}/create_flow_run", json=body)
    if answer.is_error:
        raise click.UsageError(f"Prefect refuses a run of {name}: {answer.json().get('detail', answer.text)}")
    run = answer.json()
    follower.say(f"{name} runs as {run['name']}: {os.environ['PREFECT_UI_URL']}/runs/flow-run/{run['id']}")
    if api.get(f"/work_pools/{deployment['work_pool_name']}").json().get("status") == "NOT_READY":
        follower.say("No worker is online; the run waits for one. Start it: make up", "33")
    try:
        return 0 if follower.follow(run["id"]) == "COMPLETED" else 1
    except KeyboardInterrupt:
        return leave_or_cancel(follower, run["id"])


def flows(api: httpx.Client) -> click.Group:
    """Return the command line of what is deployed."""
    known = deployments(api)
    if not known:
        raise click.ClickException("No flow is deployed. Deploy the flows: make deploy")
    names = by_every_name(known)
    full_name = {deployment["id"]: name for name, deployment in known.items()}

    def run(name: str, parameters: dict[str, Any]) -> int:
        return start(api, full_name[names[name]["id"]], names[name], parameters)

    return command_line(
        [signature(name, deployment) for name, deployment in names.items()],
        run,
        epilog=f"FLOW is also the name of a deployment: {', '.join(sorted(known))}",
    )


def main(arguments: list[str]) -> int:
    """Start the run that *arguments* ask for, follow it, return the exit status."""
    try:
        with api_client() as api:
            return execute(flows(api), FLOWS_COMMAND, arguments)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except httpx.TransportError:
        click.echo("The stack is not running. Start it: make up", err=True)
        return 1


def leave_or_cancel(follower: Follower, run_id: str) -> int:
    """Ask, when somebody can answer; left running otherwise."""
    answer = input("\nCancel the run, or leave it running? [c/L] ") if sys.stdin.isatty() else ""
    if answer.strip().lower().startswith("c"):
        state = {"type": "CANCELLING", "name": "Cancelling"}
        follower.api.post(f"/flow_runs/{run_id}/set_state", json={"state": state}).raise_for_status()
        follower.follow(run_id)
    else:
        follower.say("Left running; the link above shows it.")
    return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

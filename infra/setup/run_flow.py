"""`docker compose run --rm flows [FLOW] [OPTIONS]`: run a flow in the work pool and follow it to its end.

Prints the logs of the run and of its subflow runs as they come. Exits with 0 when the run completed, 1 when it did
not, 2 for invalid arguments: no run exists then. Ctrl-C asks whether to cancel the run or to leave it running.
"""

import copy
import os
import sys
import time
from typing import Any

import click
import httpx

from flows.command_line import FlowSignature, command_line, execute
from infra.setup.deployed import api_client, deployments

PROGRAM = "docker compose run --rm flows"
ENDED = {
    "COMPLETED": "32",
    "FAILED": "31",
    "CRASHED": "31",
    "CANCELLED": "33",
}  # state type: colour of the terminal
LEVELS = {40: "31", 30: "33", 20: "0", 10: "2"}
COLOURS = ["36", "35", "34", "32"]  # one per run, in turn


class Follower:
    """Follows one flow run: what was printed already, and the colour of each run."""

    def __init__(self, api: httpx.Client) -> None:
        self.api = api
        self.names: dict[str, str] = {}
        self.printed: set[str] = set()
        self.tasks: dict[str, str] = {}
        self.colour = sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))

    def follow(self, run_id: str) -> str:
        """Print logs until the run ends, also over a restart of the server; return its state's type."""
        while True:
            try:
                return self._follow(run_id)
            except (httpx.TransportError, httpx.HTTPStatusError) as error:
                if isinstance(error, httpx.HTTPStatusError) and not error.response.is_server_error:
                    raise
                self.say("Prefect does not answer now; the run goes on without it. Asking again …", "33")
                time.sleep(5)

    def _follow(self, run_id: str) -> str:
        shown = ""
        while True:
            run = self.api.get(f"/flow_runs/{run_id}").raise_for_status().json()
            self.print_logs(run)
            if run["state"]["name"] != shown:
                shown = run["state"]["name"]
                message = run["state"].get("message") or ""
                self.say(
                    f"{run['name']} is {shown}{': ' + message if message else ''}",
                    ENDED.get(run["state_type"], "1"),
                )
            if run["state_type"] in ENDED:
                time.sleep(1)  # the last lines are sent in batches
                self.print_logs(run)
                return str(run["state_type"])
            time.sleep(0.5)

    def print_logs(self, run: dict[str, Any]) -> None:
        """The lines that were not printed yet, of this run and of all runs below it."""
        self.names[run["id"]] = run["name"]
        children = {"flow_runs": {"parent_flow_run_id": {"any_": list(self.names)}}}
        for child in self.api.post("/flow_runs/filter", json=children).raise_for_status().json():
            self.names.setdefault(child["id"], child["name"])
        body = {"logs": {"flow_run_id": {"any_": list(self.names)}}, "sort": "TIMESTAMP_ASC", "limit": 200}
        for offset in range(0, 100_000, 200):
            lines = self.api.post("/logs/filter", json=body | {"offset": offset}).raise_for_status().json()
            for line in lines:
                self.print_line(line)
            if len(lines) < 200:
                return

    def print_line(self, line: dict[str, Any]) -> None:
        """One log line, once."""
        if line["id"] in self.printed:
            return
        self.printed.add(line["id"])
        run_id = line["flow_run_id"]
        task = self.task_name(line["task_run_id"])
        run_colour = COLOURS[list(self.names).index(run_id) % len(COLOURS)]
        name = self.paint(f"{self.names[run_id]:<24}", run_colour)
        text = self.paint(task + line["message"], LEVELS.get(line["level"], "0"))
        self.say(f"{line['timestamp'][11:19]} {name} {text}")

    def task_name(self, task_run_id: str | None) -> str:
        """`name: ` of the task that wrote a line; nothing for the flow itself."""
        if task_run_id is None:
            return ""
        if task_run_id not in self.tasks:
            found = self.api.get(f"/task_runs/{task_run_id}")
            self.tasks[task_run_id] = f"{found.json()['name']}: " if found.is_success else ""
        return self.tasks[task_run_id]

    def paint(self, text: str, colour: str) -> str:
        """Coloured on a terminal, plain elsewhere."""
        return f"\033[{colour}m{text}\033[0m" if self.colour else text

    def say(self, text: str, colour: str = "") -> None:
        """One line to standard output, at once."""
        sys.stdout.write((self.paint(text, colour) if colour else text) + "\n")
        sys.stdout.flush()


def by_every_name(known: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the deployments by `flow/deployment`, and the oldest of each flow by the flow's name too."""
    oldest = {name.partition("/")[0]: known[name] for name in reversed(known)}
    return oldest | known


def signature(name: str, deployment: dict[str, Any]) -> FlowSignature:
    """Return what the command line accepts; a required parameter must be given even if the schedule's runs have it."""
    schema = copy.deepcopy(deployment["parameter_openapi_schema"] or {})
    for parameter, field in schema.get("properties", {}).items():
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
            return execute(flows(api), PROGRAM, arguments)
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

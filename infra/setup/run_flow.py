"""`docker compose run --rm flows [FLOW] [--parameter value …]`: runs a flow in the work pool and follows it
to its end.

Prints the logs of the run and of its subflow runs as they come. Exits with 0 when the run completed, 1 when
it did not. Ctrl-C asks whether to cancel the run or to leave it running.
"""

import json
import os
import sys
import time
from typing import Any

import httpx

from infra.setup.deployed import api_client, deployments

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


def parameters_of(arguments: list[str]) -> dict[str, Any]:
    """`--month 2023-01 --force true` as parameters; a value is JSON when it reads as JSON, else a string."""
    if len(arguments) % 2 or not all(name.startswith("--") for name in arguments[::2]):
        raise SystemExit("Parameters are pairs: --name value. All of them: docker compose run --rm flows --help")
    return {
        name[2:].replace("-", "_"): _value(text) for name, text in zip(arguments[::2], arguments[1::2], strict=True)
    }


def _value(text: str) -> Any:  # noqa: ANN401 - whatever the person typed
    try:
        return json.loads(text)
    except ValueError:
        return text


def print_help(known: dict[str, dict[str, Any]], say: Any) -> None:  # noqa: ANN401 - Follower.say
    """Every deployment with its parameters."""
    say("docker compose run --rm flows [FLOW[/DEPLOYMENT]] [--parameter value …]  (without FLOW: pipeline)\n")
    for name, deployment in known.items():
        say(name, "1")
        for parameter, schema in (deployment["parameter_openapi_schema"].get("properties") or {}).items():
            default = f" (default {json.dumps(schema['default'])})" if "default" in schema else ""
            say(f"  --{parameter.replace('_', '-'):<20} {schema.get('description', '')}{default}")


def main(arguments: list[str]) -> int:
    """Start the run, follow it, return the exit code."""
    with api_client() as api:
        follower = Follower(api)
        known = deployments(api)
        if arguments[:1] in (["--help"], ["-h"], ["help"]):
            print_help(known, follower.say)
            return 0
        wanted = arguments.pop(0) if arguments and not arguments[0].startswith("--") else "pipeline"
        name = next((name for name in known if wanted in (name, name.partition("/")[0])), None)
        if name is None:
            follower.say(f"There is no flow {wanted!r}. There are: {', '.join(known) or 'none; run make deploy'}", "31")
            return 2
        body = {
            "parameters": parameters_of(arguments),
            "state": {"type": "SCHEDULED"},
            "work_queue_name": "urgent",
        }
        answer = api.post(f"/deployments/{known[name]['id']}/create_flow_run", json=body)
        if answer.is_error:
            follower.say(f"{name} refuses these parameters: {answer.json().get('detail', answer.text)}", "31")
            return 2
        run = answer.json()
        follower.say(f"{name} runs as {run['name']}: {os.environ['PREFECT_UI_URL']}/runs/flow-run/{run['id']}")
        try:
            return 0 if follower.follow(run["id"]) == "COMPLETED" else 1
        except KeyboardInterrupt:
            return leave_or_cancel(follower, run["id"])


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

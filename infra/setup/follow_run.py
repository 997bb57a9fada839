"""Follows a flow run on a terminal: its lines as they come, then its result, its page and the next command."""

import os
import re
import sys
import time
from typing import Any

import httpx

ENDED = {
    "COMPLETED": "32",
    "FAILED": "31",
    "CRASHED": "31",
    "CANCELLED": "33",
}  # state type: colour of the terminal
ON_THE_WAY = {"Scheduled", "Pending", "Submitting"}  # states of every run before it runs: not worth a line
LEVELS = {40: "31", 30: "33", 20: "0", 10: "2"}
COLOURS = ["36", "35", "34", "32"]  # one per run, in turn
RESULT, NEXT = "trainyard.result", "trainyard.next"  # loggers of a flow's last lines, shown at the end of a run
# Prefect's running commentary, by how its lines begin; the final state says what a traceback is about
COMMENTARY = re.compile(
    r"Worker '|Flow run '|Beginning (sub)?flow run|Running \d+ deployment pull|Executing deployment step|"
    r"Deployment step '|All deployment steps|Encountered exception during"
)
FINISHED = re.compile(r"Finished in state (\w+)\(.*", re.DOTALL)
CAUSE = re.compile(r"(?:(?:Flow|Task) run encountered an exception: )?(?:[A-Za-z_.]*(?:Error|Exception): )?")


class Follower:
    """Follows one flow run: what was printed already, and the colour of each run."""

    def __init__(self, api: httpx.Client) -> None:
        self.api = api
        self.names: dict[str, str] = {}
        self.printed: set[str] = set()
        self.tasks: dict[str, str] = {}
        self.next = ""  # what the flow says to type next
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
            if run["state_type"] in ENDED:
                time.sleep(1)  # the last lines are sent in batches
                self.print_logs(run)
                self.print_end(run)
                return str(run["state_type"])
            if (name := run["state"]["name"]) not in ON_THE_WAY | {shown}:
                message = run["state"].get("message") or ""
                self.say(f"{run['name']} is {name}{': ' + message if message else ''}", "1")
                shown = name
            time.sleep(0.5)

    def print_logs(self, run: dict[str, Any]) -> None:
        """Print the lines that were not printed yet, of this run and of all runs below it."""
        self.names[run["id"]] = run["name"]
        children = {"flow_runs": {"parent_flow_run_id": {"any_": list(self.names)}}}
        for child in self.api.post("/flow_runs/filter", json=children).raise_for_status().json():
            self.names[child["id"]] = child["name"]
        body = {"logs": {"flow_run_id": {"any_": list(self.names)}}, "sort": "TIMESTAMP_ASC", "limit": 200}
        for offset in range(0, 100_000, 200):
            lines = self.api.post("/logs/filter", json=body | {"offset": offset}).raise_for_status().json()
            for line in lines:
                if line["flow_run_id"] == run["id"] and line["name"] == NEXT:
                    self.next = line["message"]
                elif line["flow_run_id"] != run["id"] or line["name"] != RESULT:
                    self.print_line(line)
            if len(lines) < 200:
                return

    def print_line(self, line: dict[str, Any]) -> None:
        """Print one log line, once; a traceback is for the page of the run."""
        if line["id"] in self.printed:
            return
        self.printed.add(line["id"])
        message = line["message"].partition("\nTraceback (most recent call last)")[0]
        run_id, task_id = line["flow_run_id"], line["task_run_id"]
        if COMMENTARY.match(message) or (task_id is None and FINISHED.match(message)):
            return
        message = FINISHED.sub(lambda found: found[1].lower(), message)
        task = self.task_name(task_id)
        name = self.paint(f"{self.names[run_id]:<16}", COLOURS[list(self.names).index(run_id) % len(COLOURS)])
        self.say(f"{line['timestamp'][11:19]} {name} {self.paint(task + message, LEVELS.get(line['level'], '0'))}")

    def print_end(self, run: dict[str, Any]) -> None:
        """Print how the run ended: what it found or why it failed, in its own words, and its page."""
        state, colour = run["state"], ENDED[run["state_type"]]
        cause = CAUSE.sub("", state.get("message") or "", count=1)
        self.say(f"\n{run['name']}: {state['name'].lower()} after {run['total_run_time']:.0f} s", colour)
        for line in cause.splitlines():
            self.say(f"  {line}")
        self.say(f"run:   {os.environ['PREFECT_UI_URL']}/runs/flow-run/{run['id']}   (log-in: make secrets)")
        if self.next:
            self.say(self.next)

    def task_name(self, task_run_id: str | None) -> str:
        """Return `name: ` of the task that wrote a line; nothing for the flow itself."""
        if task_run_id is None:
            return ""
        if task_run_id not in self.tasks:
            found = self.api.get(f"/task_runs/{task_run_id}")
            self.tasks[task_run_id] = f"{found.json()['name']}: " if found.is_success else ""
        return self.tasks[task_run_id]

    def paint(self, text: str, colour: str) -> str:
        """Return *text* coloured on a terminal, plain elsewhere."""
        return f"\033[{colour}m{text}\033[0m" if self.colour else text

    def say(self, text: str, colour: str = "") -> None:
        """Print one line to standard output, at once."""
        sys.stdout.write((self.paint(text, colour) if colour else text) + "\n")
        sys.stdout.flush()

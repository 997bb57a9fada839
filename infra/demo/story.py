"""The demo from its first line to its last: start the parts, run the flows, serve, predict, compare, report."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.demo import comparison, console, environment, pipeline, ports, report
from infra.demo.choices import Choices
from infra.demo.failures import DemoError
from infra.demo.fleet import Fleet
from infra.demo.parts import USUAL_PORTS, all_parts
from infra.demo.places import Places
from infra.demo.served import Server, example

LARGEST_DIFFERENCE = 1e-5  # minutes; answers over HTTP have seven digits


@dataclass(frozen=True)
class Told:
    """What is known at the end: where the parts are, and the report."""

    addresses: dict[str, str]
    report: report.Report


def tell(choices: Choices, places: Places, fleet: Fleet, given: Mapping[str, str], lock: int) -> Told:
    """Do everything; raise `DemoError` at the first thing that fails. The parts still run afterwards."""
    began = time.monotonic()
    chosen = _ports()
    inherited = environment.inherited(given)
    started = {part: fleet.start(part) for part in all_parts(places, chosen, inherited)}
    addresses = environment.addresses(places, chosen, choices.source)
    environment.write(places.environment, addresses)
    fleet.until_ready(started)
    ready = time.monotonic()
    result = pipeline.run(fleet, places, choices.arguments, {**inherited, **addresses}, lock)
    seconds = {"start": ready - began}
    server = Server(addresses["MODEL_SERVER_URL"])
    prediction = _serve(server, fleet, result, seconds)
    batch = _compare(server, places, result, seconds)
    seconds["total"] = time.monotonic() - began
    made = report.build(result, prediction, batch, seconds)
    report.write(places.report, made)
    _sum_up(made, places)
    if batch.max_abs_difference > LARGEST_DIFFERENCE or not batch.rows:
        raise DemoError(f"batch and HTTP differ by {batch.max_abs_difference:g} minutes over {batch.rows} rows")
    return Told(addresses, made)


def _ports() -> dict[str, int]:
    chosen = ports.choose(USUAL_PORTS)
    for name, port in chosen.items():
        if port != USUAL_PORTS[name] and name != "metrics":
            console.done(name, f"port {USUAL_PORTS[name]} is taken by another program, so it gets port {port}")
    return chosen


def _serve(server: Server, fleet: Fleet, result: pipeline.Result, seconds: dict[str, float]) -> dict[str, Any]:
    began = time.monotonic()
    model = result["model"]
    with console.waiting("the model server takes the champion"):
        server.until_serving(fleet, str(model["version"]))
    seconds["serve"] = time.monotonic() - began
    console.done("serve", f"{model['name']} version {model['version']} ({model['alias']})", seconds["serve"])
    began = time.monotonic()
    request = example(server.fields())
    response = server.predict(request)
    trip = " ".join(f"{name}={value}" for name, value in request.items())
    console.done("predict", f"{trip} -> {response[server.output()]:.2f} minutes", time.monotonic() - began)
    return {"request": request, "response": response}


def _compare(
    server: Server, places: Places, result: pipeline.Result, seconds: dict[str, float]
) -> comparison.Comparison:
    began = time.monotonic()
    with console.waiting("comparing the batch scores with HTTP"):
        batch = comparison.compare(places.lake / result["score"]["key"], server)
    seconds["compare"] = time.monotonic() - began
    what = f"{result['score']['month']}: {batch.rows:,} rows over HTTP give what the batch gave"
    outside = f"; {batch.outside:,} rows are outside the model's bounds" if batch.outside else ""
    console.done(
        "compare",
        f"{what} (largest difference {batch.max_abs_difference:.0e} minutes){outside}",
        seconds["compare"],
    )
    return batch


def _sum_up(made: report.Report, places: Places) -> None:
    validate, response = made["validate"], made["prediction"]["response"]
    better = 100 * (1 - validate["rmse"] / validate["baseline_rmse"])
    console.say()
    console.say(
        f"RMSE {validate['rmse']:.3f} minutes on {validate['rows']} trips of {validate['months']}; the baseline has "
        f"{validate['baseline_rmse']:.3f}: {abs(better):.1f} % {'better' if better >= 0 else 'WORSE'}"
    )
    console.say(f"one trip: {response['minutes']:.2f} minutes, by model version {response['model_version']}")
    console.say(f"{made['seconds']['total']:.1f} s in total; the report is in {places.shown(places.report)}")

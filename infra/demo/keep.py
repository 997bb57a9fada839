"""KEEP=1: what is open after the demo, until Ctrl-C."""

import json

from infra.demo import console
from infra.demo.failures import Stopped
from infra.demo.fleet import Fleet
from infra.demo.places import Places
from infra.demo.story import Told


def tell(told: Told, places: Places) -> None:
    """Print the addresses and something to try."""
    server, request = told.addresses["MODEL_SERVER_URL"], json.dumps(told.report["prediction"]["request"])
    console.say()
    console.say(f"model server  {server}")
    console.say(f"Prefect       {told.addresses['PREFECT_API_URL'].removesuffix('/api')}")
    # with this parameter MLflow opens on the model; without it, on a page for language models
    model = f"#/models/{told.report['model']['name']}?workflowType=machine_learning"
    console.say(f"MLflow        {told.addresses['MLFLOW_TRACKING_URI']}/{model}")
    console.say()
    console.say(f"try:   curl {server}/predict -H 'Content-Type: application/json' -d '{request}'")
    console.say(f"flows: (set -a; . {places.shown(places.environment)}; .venv/bin/python -m flows --help)")
    console.say("Ctrl-C ends all of them.")


def until_stopped(fleet: Fleet) -> None:
    """Wait until somebody ends the demo; raise `DemoError` when a part ends by itself before."""
    try:
        fleet.until(lambda: False)
    except Stopped:
        console.say("ended")

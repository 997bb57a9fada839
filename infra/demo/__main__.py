"""`make demo`: exit status 0 when all of it worked, 1 when a step failed, 2 for a choice that cannot be meant."""

import os
import signal
import sys
import threading
import time
from types import FrameType

from infra.demo import console, environment, keep, lock, story
from infra.demo.choices import Choices
from infra.demo.failures import DemoError, Stopped
from infra.demo.fleet import Fleet
from infra.demo.places import Places

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run the demo; every way to end it leads through here, but SIGKILL."""
    for number in STOPPING:
        signal.signal(number, _stop)
    threading.Thread(target=_end_with_make, args=(os.getppid(),), daemon=True).start()
    try:
        choices = Choices.from_env(environment.given())
    except DemoError as error:
        console.complain(str(error))
        return 2
    try:
        return _demo(choices, Places())
    except DemoError as error:
        console.complain(str(error))
        return 1
    except Stopped as stopped:
        return 128 + stopped.number


def _demo(choices: Choices, places: Places) -> int:
    with lock.held(places.lock) as held:
        fleet = Fleet(held)
        try:
            told = story.tell(choices, places, fleet, environment.given(), held)
            if not choices.keep:
                console.say("next:  make demo KEEP=1   leaves Prefect, MLflow and the model server open to look at")
                return 0
            keep.tell(told, places)
            keep.until_stopped(fleet)
            return 0
        finally:
            _end(fleet, held)


def _end(fleet: Fleet, held: int) -> None:
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)  # the end is on its way and takes seconds
    lock.say_ending(held)
    with console.waiting("ending all parts"):
        fleet.end()


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)


def _end_with_make(parent: int) -> None:
    """End as on SIGTERM when who started us is gone: a demo that nobody can see holds ports and memory."""
    while os.getppid() == parent:
        time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())

"""A worker process: the application for granian, which ends when its parent is gone."""

import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from multiprocessing.util import Finalize

from flask import Flask

from services.model_server import settings
from services.model_server.app import create_app

LOG_FORMAT = "time=%(asctime)s level=%(levelname)s logger=%(name)s %(message)s"


def start_logs() -> None:
    """One line per event, key=value, on standard error."""
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)


def end_with_parent(parent: int) -> None:
    """Start a thread that ends this process when *parent*, its starter, was killed without a word to us."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="parent").start()


def app() -> Flask:
    """The application of this worker, with the settings of its environment."""
    start_logs()
    sys.setswitchinterval(0.001)  # seconds: the recorder must not hold up a request for the default 5 ms
    if starter := multiprocessing.parent_process():
        end_with_parent(starter.pid or os.getppid())
    made = create_app(settings.load())
    gc.collect()
    gc.freeze()  # each full collection would look through all that was loaded, and hold up requests meanwhile
    Finalize(None, made.extensions["recorder"].finish, exitpriority=1)
    return made

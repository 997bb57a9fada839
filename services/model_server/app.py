"""The Flask application of one worker: plugs settings, models, routes and the recorder together."""

import logging
import threading
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from types import MethodType

from flask import Flask

from services.model_server.edge import Edge, View
from services.model_server.hosts import Hosts
from services.model_server.inference import Inference
from services.model_server.invocations import Invocations
from services.model_server.keys import Keys
from services.model_server.limits import Limits
from services.model_server.notes import Notes
from services.model_server.pages import Pages
from services.model_server.problems import handle_problems
from services.model_server.recorder import Recorder
from services.model_server.routes import Routes
from services.model_server.serving import Serving
from services.model_server.settings import Settings

REFRESH_SECONDS = 0.2  # one stat() per look at each pointer and at the keys
log = logging.getLogger("model_server.app")


def create_app(settings: Settings, *, stop: threading.Event | None = None) -> Flask:
    """The application; its two threads run until *stop* is set (for ever, when None is given)."""
    app = Flask("model_server", root_path=str(Path(__file__).parent))
    serving, notes = Serving(settings), Notes()
    keys = Keys(settings.model_server_keys_file, settings.model_reload_token)
    limits, hosts = Limits(settings), Hosts(settings.model_server_allowed_hosts)
    recorder = Recorder(notes, serving, limits, settings)
    serving.refresh()
    routes, invocations = Routes(serving, limits, settings.model_dir, keys), Invocations(serving, limits)
    inference = Inference(serving, limits)
    for part in (routes, invocations, inference, Pages(serving, settings)):
        part.register(app)
    predictions: dict[str, View] = {
        "/predict": routes.predict,
        "/invocations": invocations.invocations,
        f"/v2/models/{settings.model_name}/infer": partial(inference.infer, name=settings.model_name),
    }
    handle_problems(app)
    app.wsgi_app = Edge(app.wsgi_app, predictions, keys=keys, hosts=hosts, notes=notes)  # type: ignore[method-assign]  # Flask's own way to add middleware
    app.extensions |= {"serving": serving, "recorder": recorder, "limits": limits}
    refreshers = (serving.refresh, keys.refresh, limits.end_slow, limits.give_back_memory)
    stop = stop or threading.Event()
    threading.Thread(target=recorder.run, args=(stop,), daemon=True, name="record").start()
    threading.Thread(target=_refresh, args=(stop, refreshers), daemon=True, name="refresh").start()
    return app


def _refresh(stop: threading.Event, refreshers: Iterable[MethodType]) -> None:
    said: dict[MethodType, str] = {}
    while not stop.wait(REFRESH_SECONDS):
        for refresh in refreshers:
            try:
                refresh()
                said.pop(refresh, None)
            except Exception as error:  # the next look is soon; neither the others nor this thread may end with it
                if said.get(refresh) != (told := repr(error)):
                    log.exception("event=refresh_failed what=%s", refresh.__qualname__)
                said[refresh] = told

"""The Flask application of one worker: plugs settings, models and routes together."""

import itertools
import os
import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from flask import Flask

from services.model_server.inference import Inference
from services.model_server.invocations import Invocations
from services.model_server.pages import Pages
from services.model_server.problems import handle_problems
from services.model_server.routes import Routes
from services.model_server.serving import Serving
from services.model_server.settings import Settings

ID = re.compile(r"[A-Za-z0-9._:-]{1,128}", re.ASCII)


class RequestId:
    """WSGI middleware: gives every request an id, the client's own when it sent one, and sends it back."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app, self._prefix, self._numbers = app, os.urandom(6).hex(), itertools.count()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass the request on with its id in *environ*."""
        given = environ.get("HTTP_X_REQUEST_ID")
        known = given if given and ID.fullmatch(given) else f"{self._prefix}-{next(self._numbers):x}"
        environ["trainyard.request_id"] = known

        def start(status: str, headers: list[tuple[str, str]], *more: object) -> object:
            headers.append(("X-Request-Id", known))
            return start_response(status, headers, *more)

        return self._app(environ, start)


def create_app(settings: Settings, *, stop: threading.Event | None = None) -> Flask:
    """The application; follows the local model folder until *stop* is set (always, when None is given)."""
    app = Flask("model_server", root_path=str(Path(__file__).parent))
    serving = Serving(settings)
    serving.refresh()
    app.extensions["serving"] = serving
    for routes in (Routes, Invocations, Inference, Pages):
        routes(serving, settings).register(app)
    handle_problems(app)
    app.wsgi_app = RequestId(app.wsgi_app)  # type: ignore[method-assign]  # Flask's own way to add middleware
    watcher = threading.Thread(
        target=serving.watch, args=(stop or threading.Event(),), daemon=True, name="watch"
    )
    watcher.start()
    return app

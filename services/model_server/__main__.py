"""`python -m services.model_server`: the follower and the workers, started together and ended together."""

import logging
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from services.model_server import prediction_log, settings
from services.model_server.metrics_page import MetricsPage
from services.model_server.settings import Settings, SettingsError
from services.model_server.worker import start_logs

HEAD_SECONDS = 5  # for the head of a request, the next one of a kept connection too
HEAD_BYTES = 1 << 17  # most for a head, and read ahead of a body; half of it slows bodies of 100 KB by a tenth
log = logging.getLogger("model_server")


class Child:
    """Keeps one process of *module* alive while there is *work*: a new one a second after the last one ended."""

    def __init__(self, module: str, environment: dict[str, str], work: Callable[[], bool] = lambda: True) -> None:
        self._environment, self._work = environment, work
        self._command = [sys.executable, "-m", f"services.model_server.{module}", str(os.getpid())]
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping, self._starting = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._keep, daemon=True, name=module)
        self._thread.start()

    def _keep(self) -> None:
        while not self._stopping.is_set():
            if self._work():
                with self._starting:
                    if self._stopping.is_set():
                        return
                    self._process = subprocess.Popen(self._command, env=self._environment, process_group=0)  # no Ctrl-C
                if (status := self._process.wait()) and not self._stopping.is_set():
                    log.error("event=child_ended command=%s status=%s remedy=started_again", self._command[2], status)
            self._stopping.wait(1)

    def stop(self) -> None:
        """End it and wait for its end."""
        with self._starting:
            self._stopping.set()
        if self._process:
            self._process.terminate()
        self._thread.join(10)


def claim(host: str, port: int) -> None:
    """Fail with words when the port is taken: granian would share it with whoever has it."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        probe.listen()


def serve(configured: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    settings.calm_worker_libraries()
    multiprocessing.set_start_method("spawn")  # this process has threads, and a fork would copy their locks
    MetricsPage(configured).start()
    lake_environment = settings.take_lake_environment()
    children = [Child("follow", settings.follower_environment())]
    if configured.prediction_log_url:
        log_environment = settings.follower_environment() | lake_environment
        children.append(Child("log_writer", log_environment, partial(prediction_log.waits, configured.model_dir)))
    server = Granian(
        "services.model_server.worker:app",
        factory=True,
        address=configured.model_server_host,
        port=configured.model_server_port,
        interface=Interfaces.WSGI,
        workers=configured.model_server_workers,
        blocking_threads=configured.model_server_threads,
        backpressure=configured.model_server_threads,  # whoever was let in has a thread; the others wait outside
        http=HTTPModes.http1,  # streams of HTTP/2 would count in no limit
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=HEAD_BYTES),
        respawn_failed_workers=True,
        workers_kill_timeout=30,
        log_level=LogLevels.error,
    )
    where = f"http://{configured.model_server_host}:{configured.model_server_port}"
    log.info("event=serving url=%s workers=%d", where, configured.model_server_workers)
    try:
        server.serve()  # leaves by SystemExit when workers die again and again: what started us decides then
    finally:
        for child in children:
            child.stop()
        log.info("event=ended")


def main() -> int:
    """0 after a clean end, 2 when it cannot start."""
    start_logs()
    try:
        configured = settings.load()
        for port in (configured.model_server_port, configured.metrics_port):
            claim(configured.model_server_host, port)
    except SettingsError as error:
        log.error("event=bad_settings error=%r", str(error))
        return 2
    except OSError as error:
        where = f"{configured.model_server_host}:{configured.model_server_port}"
        log.error("event=port_taken address=%s error=%r remedy='set MODEL_SERVER_PORT'", where, error.strerror)
        return 2
    serve(configured)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Ports on the loopback address: the usual one, or a free one when somebody else has it."""

import socket

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Return whether nobody listens on *port* and we may."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((HOST, port)) == 0:
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def choose(usual: dict[str, int]) -> dict[str, int]:
    """Return a port for each name: its usual one where that is free, else one that the system gives."""
    chosen = {name: port for name, port in usual.items() if is_free(port)}
    held = []
    for name in usual.keys() - chosen.keys():
        probe = socket.socket()
        held.append(probe)  # until all are chosen, so that no two get the same
        probe.bind((HOST, 0))
        chosen[name] = probe.getsockname()[1]
    for probe in held:
        probe.close()
    return {name: chosen[name] for name in usual}

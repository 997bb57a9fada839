import socket

from infra.demo import ports


def test_a_port_that_somebody_listens_on_is_replaced_by_a_free_one():
    with socket.socket() as somebody:
        somebody.bind((ports.HOST, 0))
        somebody.listen()
        taken = somebody.getsockname()[1]

        chosen = ports.choose({"a": taken, "b": taken})

    assert taken not in chosen.values()
    assert len(set(chosen.values())) == 2
    assert all(ports.is_free(port) for port in chosen.values())


def test_a_free_port_is_kept():
    with socket.socket() as probe:
        probe.bind((ports.HOST, 0))
        free = probe.getsockname()[1]

    assert ports.choose({"a": free}) == {"a": free}

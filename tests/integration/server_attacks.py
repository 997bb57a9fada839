"""Requests that were made to break the model server: their bytes, and what may be answered. It grows with each idea."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from tests.unit.model_server.builders import TRIP

JSON, CSV, BINARY = "application/json", "text/csv", "application/octet-stream"
PREDICT, INVOKE, INFER = "/predict", "/invocations", "/v2/models/trip-duration/infer"
REFUSED = (400, 413, 422)
GONE = 0  # the connection was closed without an answer: for what is no HTTP/1.1


class Attack(NamedTuple):
    """Bytes to send, and the statuses that may come back."""

    name: str
    raw: bytes
    allowed: tuple[int, ...] = REFUSED


def head(method: str, target: str, *headers: str, host: str = "localhost") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *headers, "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1")


def post(target: str, body: bytes | str, kind: str = JSON, *headers: str) -> bytes:
    body = body.encode() if isinstance(body, str) else body
    return head("POST", target, f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers) + body


def trip(**changes: str) -> str:
    """A trip whose fields are replaced by pieces of JSON."""
    return (
        "{" + ",".join(f'"{k}":{v}' for k, v in ({k: json.dumps(v) for k, v in TRIP.items()} | changes).items()) + "}"
    )


def many(piece: str, count: int, before: str = "[", after: str = "]") -> bytes:
    return before.encode() + b",".join([piece.encode()] * count) + after.encode()


def tensor(**changes: object) -> str:
    fields = {"name": "trip_distance", "shape": [1], "datatype": "FP32", "data": [1]} | changes
    return json.dumps({"inputs": [fields]})


def binary(size: object, raw: bytes, **changes: object) -> tuple[bytes, str]:
    said = json.loads(tensor(parameters={"binary_data_size": size}, **changes))
    del said["inputs"][0]["data"]
    text = json.dumps(said).encode()
    return text + raw, f"Inference-Header-Content-Length: {len(text)}"


HUGE = {digits: "9" * digits for digits in (309, 4300, 4301, 100_000)}
NAMES = ",".join(f'"a{n}":1' for n in range(650_000))
SPLIT = '{"dataframe_split":{"columns":["a"],"data":['


def heavy() -> Iterator[tuple[str, str, bytes, str]]:
    """Bodies of 7 MB that take a hundred times as much when they are decoded carelessly."""
    yield "split of short rows", INVOKE, many("[1]", 1_900_000, SPLIT, "]}}"), JSON
    yield "split of one wide row", INVOKE, many("1", 3_800_000, SPLIT + "[", "]]}}"), JSON
    yield (
        "split of many columns",
        INVOKE,
        many('"a"', 1_900_000, '{"dataframe_split":{"data":[],"columns":[', "]}}"),
        JSON,
    )
    yield "inputs of empty lists", INVOKE, many("[]", 2_500_000, '{"inputs":[', "]}"), JSON
    yield "inputs of one long column", INVOKE, many("1", 3_800_000, '{"inputs":{"a":[', "]}}"), JSON
    yield "inputs of many columns", INVOKE, b'{"inputs":{' + NAMES.encode() + b"}}", JSON
    yield "instances of empty objects", INVOKE, many("{}", 2_500_000, '{"instances":[', "]}"), JSON
    yield "records of empty strings", INVOKE, many('""', 2_500_000, '{"dataframe_records":[', "]}"), JSON
    yield "a list of objects", PREDICT, many('{"a":1}', 900_000), JSON
    yield "a list of empty objects", PREDICT, many("{}", 2_500_000), JSON
    yield "an object of many fields", PREDICT, b"{" + NAMES.encode() + b"}", JSON
    yield "a field of lists", PREDICT, many("[]", 2_500_000, '{"a":[', "]}"), JSON
    yield "a long wide string", PREDICT, f'{{"a":"\U0001f600{"x" * 7_900_000}"}}'.encode(), JSON
    yield "a long name", PREDICT, f'{{"{"x" * 7_900_000}":1}}'.encode(), JSON
    yield "long tensor", INFER, many("1", 3_800_000, tensor(data=[])[:-4], "]}]}"), JSON
    yield "many tensors", INFER, many(tensor()[12:-2], 100_000, '{"inputs":[', "]}"), JSON
    yield "parameters of lists", INFER, many("[]", 2_500_000, tensor()[:-3] + ',"parameters":{"x":[', "]}}]}"), JSON
    yield "many lines", INVOKE, b"a\n" + b"1\n" * 3_800_000, CSV
    yield "many cells", INVOKE, b"a\n" + b"," * 7_800_000, CSV
    yield "many names", INVOKE, b"," * 7_800_000, CSV
    yield "empty lines", INVOKE, b"a\n" + b"\n" * 7_800_000, CSV
    yield "one cell", INVOKE, b'a\n"' + b"x" * 7_800_000, CSV


def attacks() -> Iterator[Attack]:
    """All of them; one at a time, since together they have 200 MB."""
    for name, path, body, kind in heavy():
        yield Attack(f"heavy: {name}", post(path, body, kind))
    body, length = binary(7_960_000, b"\0" * 7_960_000, shape=[1_990_000])
    yield Attack("heavy: binary tensor", post(INFER, body, BINARY, length))

    for digits, number in HUGE.items():
        for name, path, body in (
            ("a float", PREDICT, trip(trip_distance=number)),
            ("a negative float in a list", PREDICT, f"[{trip(trip_distance='-' + number)}]"),
            ("a whole number", PREDICT, trip(PULocationID=number)),
            ("a moment", PREDICT, trip(pickup=number)),
            ("a record", INVOKE, f'{{"inputs":{trip(trip_distance=number)}}}'),
            ("a tensor", INFER, tensor(data=["n"]).replace('"n"', number)),
            ("a shape", INFER, tensor(shape=["n"]).replace('"n"', number)),
            ("a binary size", INFER, tensor(data=None, parameters={"binary_data_size": "n"}).replace('"n"', number)),
        ):
            yield Attack(f"{digits} digits in {name}", post(path, body))
        yield Attack(f"{digits} digits in a cell", post(INVOKE, f"PULocationID\n{number}", CSV))
        yield Attack(f"{digits} digits as year", post(PREDICT, trip(pickup=f'"{number}-01-01T00:00:00"')))
        lengths = (400, 413, 422, 431)
        told = f"Inference-Header-Content-Length: {number}"
        yield Attack(f"{digits} digits as JSON's length", post(INFER, tensor(), JSON, told), lengths)
        yield Attack(f"{digits} digits as length", head("POST", PREDICT, f"Content-Length: {number}"), lengths)

    for deep in (9_000, 1_000_000):
        for name, path, before, step in (
            ("lists", PREDICT, "", "["),
            ("lists in a field", PREDICT, '{"trip_distance":', "["),
            ("objects", PREDICT, "", '{"a":'),
            ("objects in a list", PREDICT, "[", '{"pickup":'),
            ("lists of inputs", INVOKE, '{"inputs":', "["),
            ("lists of an unknown field", INFER, '{"inputs":[],"x":', "["),
            ("lists of data", INFER, tensor(data=[])[:-4], "["),
            ("lists after brackets in strings", INVOKE, '["' + "]" * 10_000 + '\\"]",', '["]",'),
        ):
            yield Attack(f"{deep} {name}", post(path, (before + step * deep)[:7_900_000]))
        yield Attack(f"{deep} closed lists", post(INVOKE, '{"inputs":' + "[" * deep + "]" * deep + "}"))

    for size, raw, changes in (
        (-1, b"", {}),
        (2**63, b"\0" * 8, {}),
        (True, b"\0", {}),
        (3, b"\0" * 3, {}),
        (8, b"\0" * 8, {"datatype": "BYTES"}),
        (8, b"\0" * 8, {"shape": [10**18]}),
        (8, b"\0" * 8, {"shape": [-1]}),
        (8, b"\0" * 8, {"shape": [1] * 1000}),
        (4, b"\xff" * 4, {"name": "\x00" * 500}),
    ):
        body, length = binary(size, raw, **changes)
        yield Attack(f"binary of {size} bytes, {changes}", post(INFER, body, BINARY, length))
    for length in ("-1", "1e3", "0x10", "\xb2", "99999999999999999999", "1000", " ", "+1"):
        told = f"Inference-Header-Content-Length: {length}"
        yield Attack(f"JSON of {length!r} bytes", post(INFER, tensor(), JSON, told))

    for moment in (
        "2026-11-21T07:34:00+24:00",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "2026-02-30T00:00:00",
        "2026-11-21T24:00:01",
        "2026-11-21T07:34:\\u0000",
        "\\ud800\\udfff-11-21T07:34",
        "٢٠٢٦-11-21T07:34:00",
        "2026-11-21T07:34:00" + "0" * 90_000,
    ):
        yield Attack(f"the moment {moment[:30]}", post(PREDICT, trip(pickup=f'"{moment}"')))
    for text in (
        "\ufeffPULocationID\n1",
        "PULocationID\n\x00",
        'PULocationID\n"1',
        "PULocationID\r1\r2",
        "\n\n\n",
        "a" * 200_000,
    ):
        yield Attack(f"CSV {text[:20]!r}", post(INVOKE, text, CSV))
    for raw in (
        b'"\xff"',
        b'{"\xed\xa0\x80":1}',
        b'{"\\ud800":1}',
        b'{"\x00":1}',
        b"\xef\xbb\xbf{}",
        b"{}" * 1000,
        b"\x1f\x8b\x08",
    ):
        yield Attack(f"JSON {raw[:20]!r}", post(PREDICT, raw))
    yield Attack("an output of a long name", post(INFER, '{"inputs":[],"outputs":[{"name":"' + "x" * 90_000 + '"}]}'))

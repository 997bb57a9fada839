"""What a body becomes in memory and how deep it is nested, told from its bytes before anything is made of them."""

import numpy as np
from numpy.typing import NDArray

SMALL = 1000  # bytes; a body up to this is not looked through: it cannot hold much, nor nest deeper than this
SMALL_WEIGHT = 32_000
LITTLE = 6_000_000  # bytes of memory, not worth a second look
DEEPEST = 256  # no protocol needs ten; some Python versions overflow a thread's stack at some thousands

# Bytes of memory, measured: the text itself (five for each character, when one of them is rare), a number with its
# places in lists and columns, a name, an object or list, a line of CSV.
OF_TEXT = 5
OF_JSON = {b",": 80, b":": 100, b"[": 80, b"{": 250}
OF_CSV = {b",": 180, b"\n": 400}
OF_BINARY = 16  # for each byte: a float of 4 bytes is an object of 24 here, and two places

OPENING, CLOSING, QUOTE = (ord("["), ord("{")), (ord("]"), ord("}")), ord('"')


def weight(body: bytes | bytearray, marks: dict[bytes, int], binary: int = 0) -> int:
    """At most so many bytes of memory *body* takes once it is decoded, *binary* of its bytes being raw values."""
    size = len(body)
    if size <= SMALL:
        return SMALL_WEIGHT
    text = np.frombuffer(body, np.uint8, size - binary)
    flat = OF_TEXT * size + OF_BINARY * binary
    if (most := flat + _count(text, b",") * sum(marks.values())) <= LITTLE and marks is OF_JSON:
        return most  # a comma is beside each value but the first of a list
    return flat + sum(_count(text, mark) * cost for mark, cost in marks.items())


def _count(text: NDArray[np.uint8], mark: bytes) -> int:
    return int(np.count_nonzero(text == ord(mark)))


def too_deep(body: bytes | bytearray | memoryview) -> bool:
    """Whether JSON is nested deeper than DEEPEST; brackets inside strings do not count."""
    if len(body) <= SMALL:
        return False
    text = np.frombuffer(body, np.uint8)
    if sum(int(np.count_nonzero(text == mark)) for mark in OPENING) <= DEEPEST:
        return False
    if b"\\" in (raw := bytes(body)):  # so that each quote left begins or ends a string
        text = np.frombuffer(raw.replace(b"\\\\", b"").replace(b'\\"', b""), np.uint8)
    text = text[_any(text, (*OPENING, *CLOSING, QUOTE))]
    text = text[np.cumsum(text == QUOTE, dtype=np.uint8) % 2 == 0]
    steps = _any(text, OPENING).astype(np.int8) - _any(text, CLOSING)
    return int(np.cumsum(steps, dtype=np.int32).max(initial=0)) > DEEPEST


def _any(text: NDArray[np.uint8], marks: tuple[int, ...]) -> NDArray[np.bool_]:
    found = np.zeros(len(text), np.bool_)
    for mark in marks:
        found |= text == mark
    return found

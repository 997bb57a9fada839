"""Objects that somebody else put where flows keep their results: each runs code in a reader that believes it."""

import base64
import json
import lzma
import pickle
from collections.abc import Callable
from pathlib import Path

MODULE = "planted_module"  # `module` writes it; whoever imports it, by whatever name in a record, runs its code
PLAIN = {"type": "json", "jsonlib": "json", "object_encoder": "flows.results.plain", "object_decoder": None,
         "dumps_kwargs": {}, "loads_kwargs": {}}  # fmt: skip


Call = tuple[Callable[..., object], tuple[object, ...]]


class _Calls:
    """Unpickled, it makes the call."""

    def __init__(self, call: Call) -> None:
        self.call = call

    def __reduce__(self) -> Call:
        return self.call


def record_of_pickle(call: Call) -> bytes:
    """Return a record as Prefect would write it, but unpickled it makes the *call*."""
    return _record(base64.encodebytes(pickle.dumps(_Calls(call))).decode(), {"type": "pickle"})


def plain_json(content: bytes) -> bool:
    """Return whether what a run kept is JSON, and so is what it holds where it is a record; not JSON at all raises."""
    document = json.loads(content)
    if isinstance(document, dict) and "metadata" in document:
        json.loads(document["result"])
        return bool(document["metadata"]["serializer"]["type"] == "json")
    return True


def module(folder: Path, marker: Path) -> None:
    """Write a module into *folder* that makes *marker* when it is imported."""
    lines = [f"open({str(marker)!r}, 'w')", "class Planted(Exception): ...", "def loads(*_, **__): ..."]
    (folder / f"{MODULE}.py").write_text("\n".join(lines))


def _bare(marker: Path) -> bytes:
    return pickle.dumps(_Calls((Path.touch, (marker,))))


def _pickled(marker: Path) -> str:
    return base64.encodebytes(_bare(marker)).decode()


def _compressed(marker: Path) -> str:
    return base64.encodebytes(lzma.compress(_pickled(marker).encode())).decode()


def _record(result: object, serializer: object, /, **more: object) -> bytes:
    return json.dumps({"metadata": {"storage_key": "k", "serializer": serializer}, "result": result} | more).encode()


def objects(marker: Path) -> dict[str, bytes]:
    """Return by name the objects that make *marker*, or import `MODULE`, in a reader that believes them."""
    pickled, command = _pickled(marker), json.dumps({"touch": 0, str(marker): 0})
    json_by = {"type": "json"}
    named = json.dumps({"__class__": f"{MODULE}.Planted", "data": {}})
    raised = json.dumps({"__exc_type__": f"{MODULE}.Planted", "message": ""})
    return {
        "pickle": _record(pickled, {"type": "pickle"}),
        "compressed pickle": _record(_compressed(marker), {"type": "compressed/pickle"}),
        "compressed around pickle": _record(
            _compressed(marker), {"type": "compressed", "serializer": {"type": "pickle"}}
        ),
        "no serializer, which means pickle": json.dumps({"metadata": {}, "result": pickled}).encode(),
        "no metadata, which means pickle": json.dumps({"result": pickled}).encode(),
        "the old form": json.dumps({"data": pickled, "serializer": {"type": "pickle"}}).encode(),
        "a second serializer beside the metadata": _record(pickled, PLAIN, serializer={"type": "pickle"}),
        "metadata twice": b'{"metadata": {"serializer": {"type": "pickle"}}, ' + _record(pickled, PLAIN)[1:],
        "a decoder that runs commands": _record(command, json_by | {"object_decoder": "subprocess.run"}),
        "a class by its name": _record(named, json_by),
        "an exception by its name": _record(raised, json_by),
        "a JSON library by its name": _record("{}", json_by | {"jsonlib": MODULE}),
        "a pickle library by its name": _record(pickled, {"type": "pickle", "picklelib": MODULE}),
        "a compression library by its name": _record(pickled, {"type": "compressed/json", "compressionlib": MODULE}),
        "a bare pickle": pickled.encode(),
        "a pickle that is no text": _bare(marker),
    }

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


class _Touch:
    """Unpickled, it makes the file *marker*."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.marker,)


def module(folder: Path, marker: Path) -> None:
    """Write a module into *folder* that makes *marker* when it is imported."""
    lines = [f"open({str(marker)!r}, 'w')", "class Planted(Exception): ...", "def loads(*_, **__): ..."]
    (folder / f"{MODULE}.py").write_text("\n".join(lines))


def _pickled(marker: Path) -> str:
    return base64.encodebytes(pickle.dumps(_Touch(marker))).decode()


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
        "a pickle that is no text": pickle.dumps(_Touch(marker)),
    }

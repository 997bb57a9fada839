"""How results lie in Prefect's storage: as plain JSON, and nothing else is ever read back.

Prefect reads a result by what the stored record itself names: pickle, JSON through any callable of any module, and
pickle again where it names nothing. So whoever can write into the storage could run code in every flow. Here a
record is looked at first: it names `PLAIN` to the letter, or it is refused. A refused record of a cached task is one
that is not there, and the task runs again. Importing this module is enough; all that reads results passes it.
"""

import json
import logging
from typing import Any

from prefect.results import ResultRecord, ResultRecordMetadata  # type: ignore[attr-defined]  # exported in fact
from prefect.serializers import JSONSerializer, Serializer
from pydantic import TypeAdapter

log = logging.getLogger("trainyard.results")


class ForeignResultError(ValueError):
    """What is stored as a result was not written by our flows; it was not read."""


def plain(value: object) -> object:
    """Return *value*, for which JSON has no form, as plain data; an error becomes its words, as Prefect raises them."""
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    return TypeAdapter(type(value)).dump_python(value, mode="json")


PLAIN = JSONSerializer(object_encoder=f"{__name__}.{plain.__name__}", object_decoder=None)


def _read(record: type[ResultRecord[Any]], data: bytes, backup_serializer: Serializer | None = None) -> Any:
    """Stands in for `ResultRecord.deserialize`, which every reader of results calls.

    A task's result is a record, {"metadata": {"serializer": …, …}, "result": "JSON"}. A flow's is bare JSON; what
    wrote it stands in the state of its run, and comes as *backup_serializer*.
    """
    try:
        found = json.loads(data)
        if isinstance(found, dict) and found.keys() == {"metadata", "result"}:
            metadata, named = found["metadata"], found["metadata"]["serializer"]
            found = json.loads(found["result"])
        else:
            metadata, named = {}, backup_serializer and backup_serializer.model_dump()
        if named != PLAIN.model_dump():
            raise ForeignResultError(f"it names the serializer {str(named):.300}")
        return ResultRecord(metadata=ResultRecordMetadata(**metadata | {"serializer": PLAIN}), result=found)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        log.warning("a stored result is not ours and is not read: %s", error)
        raise ForeignResultError(
            f"a stored result was not written by this version of the flows and is not read: {error}. "
            "A task then runs again by itself; for a flow start a new run."
        ) from error


def _read_parts(record: type[ResultRecord[Any]], result: bytes, metadata: bytes) -> Any:
    """Stands in for `ResultRecord.deserialize_from_result_and_metadata`: the same in two files."""
    return _read(record, b'{"metadata": %b, "result": %b}' % (metadata, json.dumps(result.decode()).encode()))


ResultRecord.deserialize = classmethod(_read)  # type: ignore[method-assign, assignment]
ResultRecord.deserialize_from_result_and_metadata = classmethod(_read_parts)  # type: ignore[method-assign, assignment]

"""Under which names a request may send a field: its own, an alias, either in any case; and which columns it may keep.

Looked at only when a request has a name that no field has: the usual request never comes here.
"""

import difflib
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from services.model_server.fields import Field
from services.model_server.problems import MAX_ERRORS

LONGEST = 100  # characters of a wrong name that are compared with the right ones
ALIKE = 0.7  # of 1: how near a name must be to be suggested


class ColumnNames:
    """The names that a model's *fields* go by, and the *ignored* columns, which may be sent and are left out."""

    def __init__(self, fields: Sequence[Field], ignored: Collection[str] = ()) -> None:
        self._fields = {field.name: None for field in fields}  # in their order
        self._aliases = [alias for field in fields for alias in field.aliases]
        meant = defaultdict[str, set[str]](set)
        for field in fields:
            for name in (field.name, *field.aliases):
                meant[name.casefold()].add(field.name)
        self._known = {name: field for name, (field, *others) in meant.items() if not others}  # one meaning, or none
        self._ignored = {name.casefold(): name for name in ignored}

    @property
    def count(self) -> int:
        """The most columns that a request without a wrong one can have."""
        return len(self._fields) + len(self._ignored)

    def field(self, name: str) -> str | None:
        """Return the field that *name* means, None when it means none."""
        return name if name in self._fields else self._known.get(name.casefold())

    def ignores(self, name: str) -> bool:
        """Return whether *name* is a column to leave out."""
        return self.field(name) is None and name.casefold() in self._ignored

    def rename(self, rows: list[object]) -> bool:
        """Give each row its fields' own names, in place, and drop ignored columns; return whether anything changed.

        What cannot be renamed stays, to be refused: a name that means nothing, another name of a field that is there.
        """
        return sum(self._rename(row) for row in rows if isinstance(row, dict)) > 0

    def _rename(self, row: dict[str, Any]) -> bool:
        renamed = wrong = 0
        for name in [name for name in row if name not in self._fields]:
            field = self.field(name)
            if field is not None and field not in row:
                row[field] = row.pop(name)
                renamed += 1
            elif self.ignores(name):
                del row[name]
                renamed += 1
            elif (wrong := wrong + 1) == MAX_ERRORS:  # nothing more of this row will be looked at
                break
        return renamed > 0

    def why(self, name: str, other: str | None = None) -> str:
        """Say why *name* is refused; *other* is the name under which its field is sent too."""
        if field := self.field(name):
            return f"is another name of {field}, which is sent as {other or field} too; send one of them"
        near = self._nearest(name)
        hint = f" (did you mean {near}?)" if near else ""
        return f"is not a field of this model{hint}; its fields are {', '.join(self._fields)}"

    def _nearest(self, name: str) -> str | None:
        spelt = {known.casefold(): known for known in (*self._ignored.values(), *self._aliases, *self._fields)}
        near = difflib.get_close_matches(name[:LONGEST].casefold(), spelt, 1, ALIKE)
        return spelt[near[0]] if near else None

"""What does the example of a form name? Objects that are there, where a picker knows one."""

from collections.abc import Iterator
from typing import Any

import attrs

from stripe_plugin.errors import NodeError
from stripe_studio.studio import Studio
from stripe_studio.trying import typed
from stripe_studio.trying.typed import Row, Rows, Tree, branch, is_items

MOST = 20  # choices among which one is taken
NONE_THERE = "{key}: there is none to choose yet, so {id} is only an example."
Place = tuple[str, ...]
Found = tuple[Row, Tree, Place]  # a row that takes an ID, the tree that has it, and where


@attrs.frozen
class Example:
    """The example of an action's form, in which IDs are those of a studio's objects."""

    studio: Studio
    action: str
    rows: Rows

    def filled(self, tree: Tree) -> list[str]:
        """Puts IDs of objects into the tree; what is told of those that are not there."""
        told: list[str] = []
        for row, inside, place in _ids(self.rows, tree, ()):
            name = row["name"]
            there = self._there(place, tree)
            if there is None:
                told.append(NONE_THERE.format(key=row["key"], id=inside[name]))
            else:
                inside[name] = there
        return told

    def _there(self, place: Place, tree: Tree) -> str | None:
        """The first that can be chosen at a place and is in use."""
        given = {name: tree[name] for name in tree if name != place[0]}
        try:
            found = self.studio.host.choices(
                self.action,
                ".".join(place),
                given=typed.inputs(self.rows, given),
                limit=MOST,
                connection=self.studio.connection,
            )
        except NodeError:
            return None
        values = [str(choice.value) for choice in found.items if not choice.archived]
        return next(iter(values), None)


def _ids(rows: Rows, tree: Tree, above: Place) -> Iterator[Found]:
    """The rows of which something is typed that is an ID, at every depth."""
    for row in rows:
        name = row["name"]
        here = (*above, name)
        reference: Any = row.get("reference")
        if reference and reference["listed_by"] and isinstance(tree.get(name), str):
            yield row, tree, here
        inside = branch(tree.get(name))
        if is_items(row):
            for position, item in inside.items():
                yield from _ids(row["fields"], branch(item), (*here, position))
        else:
            yield from _ids(row.get("fields", ()), inside, here)

"""What was on the form, and which button was pressed?"""

import uuid
from collections.abc import Sequence
from typing import Any, Self

import attrs

from stripe_studio.forms import Pairs, pairs_of
from stripe_studio.trying import typed
from stripe_studio.trying.typed import Row, Tree

# What the names of fields begin with: those of inputs, and of options of the run.
IN, OPT = "in:", "opt:"
CHANGES = {"add": typed.add, "drop": typed.drop}


def new_run() -> str:
    """A name for a run. A form that is sent twice is one run: it is done once."""
    number = uuid.uuid4().hex
    return f"run_{number[:12]}"


@attrs.frozen(kw_only=True)
class Sheet:
    """A form as it was sent, or a blank one."""

    inputs: Tree = attrs.field(factory=dict[str, Any])
    options: Tree = attrs.field(factory=dict[str, Any])
    run_id: str = attrs.field(factory=new_run)
    do: str = ""  # the button's value: run, example, clear, add:in:items, drop:in:items.0

    @classmethod
    def of(cls, pairs: Pairs) -> Self:
        """The sheet with these fields."""
        alone = dict(pairs)
        return cls(
            inputs=typed.tree(pairs, IN),
            options=typed.tree(pairs, OPT),
            run_id=alone.get("run") or new_run(),
            do=alone.get("do", ""),
        )

    @classmethod
    def of_body(cls, body: bytes) -> Self:
        """The sheet that a form's body brings."""
        return cls.of(pairs_of(body))

    def changed(self, rows: Sequence[Row]) -> "Sheet":
        """The form as its button makes it, of an action with these rows."""
        if self.do == "clear":
            return Sheet()
        if self.do == "example":
            return attrs.evolve(self, inputs=typed.example(rows))
        what, _, name = self.do.partition(":")
        if what in CHANGES:
            self._change(what, name)
        return self

    def _change(self, what: str, name: str) -> None:
        change = CHANGES[what]
        trees = {IN: self.inputs, OPT: self.options}
        for prefix, tree in trees.items():
            place = name.removeprefix(prefix)
            if place and place != name:
                change(tree, place)

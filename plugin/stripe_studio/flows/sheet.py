"""What was sent by the page: the text, its name, what its inputs are given, and a step to add?"""

from collections.abc import Mapping
from typing import Any, Self

import attrs

from stripe_plugin.judge.values import NOTHING
from stripe_studio.flows.files import plain
from stripe_studio.forms import pairs_of
from stripe_studio.trying.sheet import CHANGES, new_run
from stripe_studio.trying.typed import Tree, tree

# What the names of fields begin with: those of the flow's inputs, a step's, and its options.
GIVEN, STEP, STEP_OPTIONS = "given:", "step:", "step-options:"
SUFFIX = ".yaml"


@attrs.frozen(kw_only=True)
class Sheet:
    """The page as it was sent, or as it is opened."""

    text: str = ""
    name: str = ""  # of the file
    opened: str = ""  # the digest of what the file held when it was opened
    kept_as: str = ""  # the browser's name for drafts of it; empty for a new flow
    run_id: str = attrs.field(factory=new_run)
    given: Mapping[str, str] = NOTHING  # the inputs, by name
    declared: str = ""  # what tells for which inputs there are boxes
    seen: str = ""  # the run whose steps are shown
    do: str = ""  # the button that was pressed
    action: str = ""  # of the step that is to be added; empty without one
    step_id: str = ""
    step: Tree = attrs.field(factory=dict[str, Any])  # its inputs, as they are typed
    step_options: Tree = attrs.field(factory=dict[str, Any])

    @classmethod
    def of(cls, body: bytes) -> Self:
        """The sheet of a form's fields."""
        pairs = pairs_of(body)
        alone = dict(pairs)
        words = ("opened", "kept_as", "declared", "seen", "do", "action")
        as_sent = {word: alone.get(word, "") for word in words}
        return cls(
            text=plain(alone.get("text", "")),
            name=_file_name(alone),
            run_id=_trimmed(alone, "run") or new_run(),
            given=_given(alone),
            step_id=_trimmed(alone, "step_id"),
            step=tree(pairs, STEP),
            step_options=tree(pairs, STEP_OPTIONS),
            **as_sent,
        )

    def change_step(self) -> bool:
        """Adds an item to the step's form, or takes one away; whether that was the button."""
        what, _, name = self.do.partition(":")
        change = CHANGES.get(what)
        if change is None:
            return False
        trees = {STEP: self.step, STEP_OPTIONS: self.step_options}
        for prefix, found in trees.items():
            if name.startswith(prefix):
                change(found, name.removeprefix(prefix))
        return True


def _trimmed(fields: Mapping[str, str], name: str) -> str:
    return fields.get(name, "").strip()


def _file_name(fields: Mapping[str, str]) -> str:
    """The name of the file; one without an ending is a YAML file's."""
    name = _trimmed(fields, "name")
    return f"{name}{SUFFIX}" if name and "." not in name else name


def _given(fields: Mapping[str, str]) -> dict[str, str]:
    found = [name for name in fields if name.startswith(GIVEN)]
    return {name.removeprefix(GIVEN): fields[name] for name in found}

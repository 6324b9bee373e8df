"""What was sent by the page: the text, its name, what its inputs are given, and a step to add?"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import attrs

from stripe_plugin.judge.values import NOTHING
from stripe_studio.flows.files import plain
from stripe_studio.trying.routes import new_run
from stripe_studio.trying.typed import Tree, tree

GIVEN, STEP = "given:", "step:"
SUFFIX = ".yaml"


@attrs.frozen(kw_only=True)
class Sheet:
    """The page as it was sent, or as it is opened."""

    text: str = ""
    name: str = ""  # of the file
    opened: str = ""  # the digest of what the file held when it was opened
    run_id: str = attrs.field(factory=new_run)
    given: Mapping[str, str] = NOTHING  # the inputs, by name
    declared: str = ""  # the digest of the inputs for which there are boxes
    seen: str = ""  # the run whose steps are shown
    do: str = ""  # the button that was pressed
    action: str = ""  # of the step that is to be added; empty without one
    step_id: str = ""
    step: Tree = attrs.field(factory=dict[str, Any])  # its inputs, as they are typed

    @classmethod
    def of(cls, body: bytes) -> "Sheet":
        """The sheet of a form's fields."""
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        alone = dict(pairs)
        given = {name: text for name, text in pairs if name.startswith(GIVEN)}
        return cls(
            text=plain(alone.get("text", "")),
            name=_named(alone.get("name", "").strip()),
            opened=alone.get("opened", ""),
            run_id=alone.get("run", "").strip() or new_run(),
            given={name.removeprefix(GIVEN): text for name, text in given.items()},
            declared=alone.get("declared", ""),
            seen=alone.get("seen", ""),
            do=alone.get("do", ""),
            action=alone.get("action", ""),
            step_id=alone.get("step_id", "").strip(),
            step=tree(pairs, STEP),
        )


def _named(name: str) -> str:
    """The name of the file; one without an ending is a YAML file's."""
    return f"{name}{SUFFIX}" if name and "." not in name else name

"""Which flow is in the editor: that of a file, a ready one, or that of a run?"""

import json
from collections.abc import Mapping
from typing import Any

import attrs

from stripe_flow.flow import Flow
from stripe_studio.flows import starts
from stripe_studio.flows.checked import UNTITLED
from stripe_studio.flows.files import Folder, digest, plain
from stripe_studio.flows.progress import Kept, Progress
from stripe_studio.flows.running import Running
from stripe_studio.flows.sheet import Sheet

Asked = Mapping[str, str]  # of an address: file, example, run


@attrs.frozen
class Opening:
    """Where flows come from."""

    folder: Folder
    running: Running

    def opened(self, asked: Asked) -> Sheet:
        """The sheet for an address. Raises `NoSuchFile`, and what else a name is refused for."""
        example = asked.get("example")
        if example:
            name = f"{example}{starts.SUFFIX}"
            return Sheet(text=starts.text(example), name=name, kept_as=f"example:{example}")
        run_id = asked.get("run")
        if run_id:
            return self._of_run(run_id, asked.get("file"))
        return self._of_file(Sheet(), asked.get("file"))

    def _of_run(self, run_id: str, file: str | None) -> Sheet:
        """With what it was given here; of an earlier one only the file's name is kept."""
        sheet = Sheet(run_id=run_id, seen=run_id, kept_as=f"run:{run_id}")
        found = self.running.of(run_id)
        if isinstance(found, Kept):
            file = file or found.what
        elif isinstance(found, Progress):
            sheet = _as_begun(sheet, found.flow)
        is_here = file in self.folder.names()
        return self._of_file(sheet, file if is_here else None)

    def _of_file(self, sheet: Sheet, name: str | None) -> Sheet:
        if not name:
            return sheet
        text = plain(self.folder.read(name))
        is_opened = attrs.evolve(sheet, opened=digest(text), kept_as=kept_as(name))
        return attrs.evolve(is_opened, text=text, name=name)


def kept_as(file: str) -> str:
    """What a browser calls the drafts of a file's text."""
    return f"file:{file}"


def _as_begun(sheet: Sheet, flow: Flow) -> Sheet:
    return attrs.evolve(
        sheet,
        text=plain(flow.text),
        name="" if flow.name == UNTITLED else flow.name,
        given=typed(flow.inputs),
    )


def typed(inputs: Mapping[str, Any]) -> dict[str, str]:
    """What is typed for inputs to have these values."""
    given = [name for name in inputs if inputs[name] is not None]
    return {name: _typed(inputs[name]) for name in given}


def _typed(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)

"""Which boxes does the page have for the inputs of a flow, and what stands in them?"""

import re

import attrs

from stripe_flow.parameters import Parameter
from stripe_plugin.secrets import masked
from stripe_studio.flows.checked import Checked
from stripe_studio.flows.files import digest
from stripe_studio.flows.sheet import GIVEN, Sheet

SECRET = re.compile(r"key|secret|token|password", re.IGNORECASE)
FLAGS = [("true", "Yes"), ("false", "No")]


@attrs.frozen(kw_only=True)
class Box:
    """One input: what it is, what is given, what is wrong with that."""

    parameter: Parameter
    value: str = ""
    problem: str = ""
    was_cut: bool = False  # a key was given: it is not shown again

    @property
    def name(self) -> str:
        """What its field is called."""
        return GIVEN + self.parameter.name

    @property
    def id(self) -> str:
        """The element's."""
        return f"given-{self.parameter.name}"

    @property
    def is_secret(self) -> bool:
        """Whether what is typed is not for everybody's eyes."""
        is_called_so = SECRET.search(self.parameter.name) is not None
        return self.was_cut or is_called_so

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What can be chosen; nothing where it is typed."""
        if self.parameter.type == "boolean":
            return FLAGS
        texts = map(str, self.parameter.choices)
        return [(text, text) for text in texts]

    @property
    def default(self) -> str:
        """What holds where nothing is given."""
        found = self.parameter.default
        if found is None:
            return ""
        if isinstance(found, bool):
            return "Yes" if found else "No"
        return masked(str(found))


def boxes(checked: Checked, sheet: Sheet, *, asked: bool) -> list[Box]:
    """One for each input. `asked`: whether what is missing is told."""
    found: list[Box] = []
    for each in checked.parameters:
        given = sheet.given.get(each.name, "")
        is_told = asked or given.strip()
        wrong = checked.amiss.get(each.name, "") if is_told else ""
        found.append(_box(each, given, wrong))
    return found


def _box(parameter: Parameter, given: str, wrong: str) -> Box:
    is_key = masked(given) != given
    return Box(parameter=parameter, value="" if is_key else given, problem=wrong, was_cut=is_key)


def asked_of(checked: Checked) -> str:
    """What tells what a flow asks for from what another does, wherever it stands in the file."""
    parameters = [attrs.evolve(each, line=0) for each in checked.parameters]
    about = [parameters, checked.variables]
    return digest(repr(about))

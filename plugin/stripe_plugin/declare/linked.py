"""Which linked objects can an answer give in full? Those that Stripe's document has there."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from stripe_plugin.declare.answer import Page
from stripe_plugin.declare.inputs import LEVELS
from stripe_plugin.declare.row import Row
from stripe_plugin.declare.spec import Spec
from stripe_plugin.errors import Fault, near
from stripe_plugin.judge.rules import Each, Rule
from stripe_plugin.secrets import shown

if TYPE_CHECKING:
    from stripe_plugin.declare.contract import Shape

EXPAND = "expand"
ABOUT = "Linked objects that the answer gives in full instead of their IDs, as paths"


@attrs.frozen
class Linked(Rule):
    """The path to a linked object; what is linked further inside is a path through it."""

    name: ClassVar[str] = "linked"
    paths: tuple[str, ...]

    @property
    def text(self) -> str:
        """The paths, as a form's description has them."""
        return f"{', '.join(self.paths)}; or further inside, as a.b"

    @property
    def schema(self) -> Mapping[str, Any]:
        """The paths as examples: others lead further inside."""
        return {"examples": [*self.paths]}

    def judge(self, value: Any, given: Any) -> Any:  # noqa: ARG002 - it has no neighbours
        """Any path: Stripe may have added some."""
        return value

    def doubts(self, value: Any) -> Iterator[Fault]:
        """What begins with none of the paths."""
        if isinstance(value, str) and not self._is_known(value):
            words = f"leads to nothing that Stripe documents{near(value, self.paths)}"
            yield Fault(f"{words}; got {shown(value)}, which is sent all the same", "undocumented")

    def _is_known(self, path: str) -> bool:
        """Whether it is one of them, or leads through one."""
        through = tuple(f"{known}." for known in self.paths)
        return path in self.paths or path.startswith(through)


def expand_row(spec: Spec) -> Row | None:
    """The row that asks for linked objects, of an action that reads; None: there are none."""
    above = "data." if _is_page(spec) else ""
    paths = tuple(f"{above}{name}" for name in _names(spec))
    if not paths:
        return None
    return Row(
        kind=list[str],
        rules=(Each((LEVELS, Linked(paths))),),
        name=EXPAND,
        key=EXPAND.capitalize(),
        example=[paths[0]],
        description=ABOUT,
        beyond=True,
    )


def _is_page(spec: Spec) -> bool:
    return isinstance(spec.answer, Page)


def _names(spec: Spec) -> list[str]:
    """The fields of an answer, or of each entry of a page; those that people pick first before."""
    known = spec.documented.operation if spec.method == "GET" else None
    answer = known and known.answer
    if not answer:
        return []
    one = answer.fields["data"].items if _is_page(spec) else answer
    picked = spec.answer.resource(spec.subject).outputs
    names = [*_linked(spec, one)]
    return sorted(names, key=lambda name: name not in picked)


def _linked(spec: Spec, shape: "Shape | None") -> Iterator[str]:
    """The fields of an object that are IDs, or there only if they are asked for."""
    on_demand = spec.answer.resource(spec.subject).on_demand
    for one in shape.alternatives if shape else ():
        if (one.kind or "").startswith("deleted_"):
            continue
        for name, field in one.fields.items():
            if field.expands or name in on_demand:
                yield name

"""Which linked objects can an answer give in full? Those that Stripe's document has there."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import attrs

from stripe_plugin.declare.answer import Page
from stripe_plugin.declare.documented import Documented
from stripe_plugin.declare.inputs import LEVELS
from stripe_plugin.declare.row import Row
from stripe_plugin.declare.spec import Spec
from stripe_plugin.errors import Fault, near
from stripe_plugin.judge.rules import Each, Rule, inside
from stripe_plugin.secrets import shown

if TYPE_CHECKING:
    from stripe_plugin.declare.contract import Shape

EXPAND = "expand"
SCALARS = ("string", "integer", "number", "boolean")
ABOUT = "Linked objects that the answer gives in full instead of their IDs, as paths"


@attrs.frozen
class Linked(Rule):
    """The path to a linked object; what is linked further inside is a path through it."""

    name: ClassVar[str] = "linked"
    #: Those that a form offers.
    paths: tuple[str, ...]
    #: The endpoint whose answer they lead through.
    witness: Documented

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
        """The first step of a path that leads to nothing that can be asked for."""
        known = self.witness.operation
        answer = known.answer if known else None
        if answer is None or not isinstance(value, str):
            return
        wrong = _wrong(answer, value)
        if wrong is not None and value not in self.paths:
            hint = near(wrong.path, [*wrong.beside, *self.paths])
            got = f"got {shown(value)}, which is sent all the same"
            yield Fault(f"leads to nothing that Stripe documents{hint}; {got}", "undocumented")


class _Wrong(NamedTuple):
    """A path as far as its first wrong step, and those that could stand there."""

    path: str
    beside: list[str]


def _wrong(answer: "Shape", path: str) -> _Wrong | None:
    """Where a path leaves an answer, or comes to what is no object; None: it does not."""
    keys = answer.keys
    through = ""
    for step in path.split("."):
        if step not in keys or not _is_more(keys[step]):
            linked = [name for name, each in keys.items() if each.expands]
            return _Wrong(through + step, [through + name for name in linked])
        keys = keys[step].keys
        through += f"{step}."
    return None


def _is_more(shape: "Shape") -> bool:
    """Whether there may be something in it, or in what it is the ID of."""
    kinds = [each.type for each in shape.alternatives]
    return shape.expands or any(kind not in SCALARS for kind in kinds)


def expand_row(spec: Spec) -> Row | None:
    """The row that asks for linked objects, of an action that reads; None: there are none."""
    above = "data." if _is_page(spec) else ""
    paths = tuple(f"{above}{name}" for name in _names(spec))
    if not paths:
        return None
    return Row(
        kind=list[str],
        rules=(Each((LEVELS, Linked(paths, spec.documented))),),
        name=EXPAND,
        key=EXPAND.capitalize(),
        example=[paths[0]],
        description=ABOUT,
        beyond=True,
    )


def doubts_of(witness: Documented, paths: Iterable[str]) -> Iterator[Fault]:
    """What Stripe's document does not know of paths that an action was given without a row."""
    linked = Linked((), witness)
    for place, path in enumerate(paths):
        yield from inside(place, linked.doubts(path))


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

"""What is an action? A class that is its table; an instance has been judged."""

import re
from collections.abc import Callable, Mapping, Sequence
from inspect import get_annotations
from types import UnionType
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, dataclass_transform, get_type_hints

import attrs

from stripe_plugin.declare.answer import One
from stripe_plugin.declare.inputs import judge_inputs
from stripe_plugin.declare.resource import Resource
from stripe_plugin.declare.row import Row, path_id, required
from stripe_plugin.declare.spec import DOCS, Spec, check
from stripe_plugin.errors import InvalidInputs, Problem, Refused, UsageError, sentences
from stripe_plugin.judge.values import NOTHING, check_kind, holds_unknown, is_empty
from stripe_plugin.secrets import shown

if TYPE_CHECKING:
    from stripe_plugin.wire.request import Request

_C = TypeVar("_C", bound=type[Any])


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(required, path_id)
)
def _table(cls: _C) -> _C:
    """Makes the attributes of a class known to type checkers; an action makes itself."""
    made: _C = attrs.frozen(kw_only=True, slots=False, init=False, repr=False)(cls)
    return made


@_table
class Action:
    """One action with its inputs, which have been judged: whatever exists can be sent."""

    spec: ClassVar[Spec]

    #: Parameters of Stripe's that have no row, sent as they are.
    extra: Mapping[str, Any] = attrs.field(factory=dict[str, Any], hash=False)
    #: The linked objects that the answer gives in full, as paths: `customer`, `data.product`.
    expand: Sequence[str] | None = attrs.field(default=(), hash=False)

    def __init__(
        self, *, extra: Mapping[str, Any] = NOTHING, expand: Any = (), **inputs: Any
    ) -> None:
        self._take(inputs, extra, expand)

    @classmethod
    def read(
        cls,
        inputs: Mapping[str, Any],
        *,
        extra: Mapping[str, Any] = NOTHING,
        expand: Sequence[str] = (),
    ) -> Self:
        """The action from inputs by display key or parameter; `InvalidInputs` has every problem.

        Empty values (`None`, `""`, `{}`, `[]`) are not given.
        """
        one = cls.__new__(cls)
        one._take(inputs, extra, expand)
        return one

    @classmethod
    def judge(
        cls,
        inputs: Mapping[str, Any],
        *,
        extra: Mapping[str, Any] = NOTHING,
        expand: Sequence[str] = (),
    ) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """The clean values by attribute, and sentences about the others by display key.

        Takes UNKNOWN for a value that is known only later, which no action can have.
        """
        values, problems = judge_inputs(cls.spec, inputs, extra, expand)
        return values, sentences(problems)

    def _take(self, inputs: Any, extra: Any, expand: Any) -> None:
        values, problems = judge_inputs(self.spec, inputs, extra, expand)
        problems += _not_yet_known(self.spec, values)
        if problems:
            raise InvalidInputs(problems, self.spec.id)
        vars(self).update(values)

    def inputs(self) -> dict[str, Any]:
        """What was given, by display key."""
        given = {row.key: getattr(self, row.name) for row in self.spec.rows}
        return {key: value for key, value in given.items() if not is_empty(value)}

    def parameters(self) -> tuple[dict[str, str], dict[str, Any]]:
        """The variables of the path, and what is sent beside them, by Stripe's names."""
        in_path: dict[str, str] = {}
        sent: dict[str, Any] = {}
        for row in self.spec.rows:
            value = getattr(self, row.name)
            if row.parameter in self.spec.path_names:
                in_path[row.parameter] = value
            elif not is_empty(value):
                sent[row.parameter] = value
        sent |= {**self.spec.sends, **self.extra}
        if self.expand:
            sent["expand"] = [*self.expand]
        return in_path, sent

    def request(self) -> "Request":
        """The HTTP request; sends and judges nothing. `InvalidInputs` if it is too long."""
        from stripe_plugin.wire import request as wire

        in_path, sent = self.parameters()
        try:
            path = wire.fill(self.spec.path, in_path)
            return wire.Request(self.spec.method, path, wire.encode(sent))
        except Refused as error:
            text = f"{self.spec.name}: {error}."
            problem = Problem((), "inputs", error.faults[0].rule, text)
            raise InvalidInputs([problem], self.spec.id) from None

    def warnings(self) -> dict[str, str]:
        """What looks wrong but may be right: IDs with the prefix of another resource."""
        found: dict[str, str] = {}
        for row in self.spec.rows:
            known, value = row.reference, getattr(self, row.name)
            if known and isinstance(value, str) and known.looks_foreign(value):
                usual = f"{row.key} usually starts with {known.prefix}"
                found[row.key] = f"{usual}; got {shown(value)}."
        return found

    def __repr__(self) -> str:
        given = {key: value for key, value in vars(self).items() if not is_empty(value)}
        arguments = ", ".join(f"{key}={value!r}" for key, value in given.items())
        return f"{type(self).__name__}({arguments})"


def _not_yet_known(spec: Spec, values: Mapping[str, Any]) -> list[Problem]:
    keys = {name: key for key, name in spec.names.items()}
    return [
        Problem((name,), keys.get(name, name), "unknown", f"{keys.get(name, name)} is not known.")
        for name, value in values.items()
        if holds_unknown(value)
    ]


_A = TypeVar("_A", bound=Action)


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(required, path_id)
)
def action(
    endpoint: str,
    subject: Resource,
    *,
    answers: One | None = None,
    sends: Mapping[str, Any] = NOTHING,
    repeatable: bool | None = None,
    destructive: bool | None = None,
    docs: str | None = None,
) -> Callable[[type[_A]], type[_A]]:
    """Makes a class of rows an action.

    `endpoint`: `METHOD /path/{variable}`. `subject`: the resource that it is about.
    `answers`: One (if nothing is said), Page, Deleted or Other. `sends`: what is always sent.
    `repeatable`: doing it again changes nothing more; GET and DELETE are, a POST that says so.
    `destructive`: something is gone by it; a DELETE is. `docs`: its page below
    docs.stripe.com/api, if that is not the resource's page and the first word of the name.
    """
    method, _, path = endpoint.partition(" ")
    shape = answers or One()

    def declare(cls: type[_A]) -> type[_A]:
        _check_names(cls)
        made = _table(cls)
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cls.__name__)
        summary, _, rest = (cls.__doc__ or "").strip().partition("\n")
        made.spec = Spec(
            id=name.lower().replace(" ", "_"),
            name=name,
            entry=f"{cls.__module__}:{cls.__qualname__}",
            summary=summary,
            description=" ".join([summary, *rest.split()]),
            method=method,
            path=path,
            subject=subject,
            docs_url=_docs_url(docs, subject, name),
            sends=sends,
            repeatable=method != "POST" if repeatable is None else repeatable,
            destructive=method == "DELETE" if destructive is None else destructive,
            output_example=shape.example(subject),
            rows=_rows(made),
        )
        check(made.spec, shape)
        return made

    return declare


def _docs_url(docs: str | None, subject: Resource, name: str) -> str:
    verb = name.split(maxsplit=1)[0].lower()
    page = docs or (f"{subject.docs}/{verb}" if subject.docs else None)
    return f"{DOCS}/{page}" if page else DOCS


def _check_names(cls: type[Any]) -> None:
    """An action's own names can be no rows: a row would hide the method."""
    own = {*dir(Action), "spec"} - {"expand"}  # whose values and the argument are one list
    for name in get_annotations(cls):
        if name in own or name.startswith("_"):
            raise UsageError(
                f"{cls.__name__}.{name}: an action has {name} of its own. Call the row {name}_ and"
                f" it is still sent as {name}, or give it another name and sent_as={name!r}"
            )


def _rows(cls: type[Any]) -> tuple[Row, ...]:
    kinds = get_type_hints(cls)
    own = [attribute for attribute in attrs.fields(cls) if not _is_actions(attribute)]
    return tuple(_row(cls, attribute, kinds[attribute.name]) for attribute in own)


def _is_actions(attribute: "attrs.Attribute[Any]") -> bool:
    return attribute.name in ("extra", "expand") and Row not in attribute.metadata


def _row(cls: type[Any], attribute: "attrs.Attribute[Any]", hint: Any) -> Row:
    if Row not in attribute.metadata:
        raise UsageError(f"{cls.__name__}.{attribute.name} is no row: use required or optional")
    kind = hint.__args__[0] if isinstance(hint, UnionType) else hint
    check_kind(kind)
    row: Row = attribute.metadata[Row]
    return attrs.evolve(row, name=attribute.name, kind=kind)

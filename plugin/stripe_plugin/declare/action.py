"""What is an action? A class that is its table; an instance has been judged."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from inspect import get_annotations
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, dataclass_transform

import attrs

from stripe_plugin.declare.answer import One
from stripe_plugin.declare.hints import EXTRA
from stripe_plugin.declare.inputs import EXPAND as EXPAND_KEY
from stripe_plugin.declare.inputs import MOST_TOLD, Judgement
from stripe_plugin.declare.linked import EXPAND, doubts_of, expand_row
from stripe_plugin.declare.query import with_query
from stripe_plugin.declare.resource import Resource
from stripe_plugin.declare.row import Row, path_id, required, rows_of
from stripe_plugin.declare.spec import Place, Spec, place_beside, place_in, root_of
from stripe_plugin.errors import Fault, InvalidInputs, Path, Problem, Refused, UsageError, sentences
from stripe_plugin.judge.examples import refused_examples
from stripe_plugin.judge.rules import inside
from stripe_plugin.judge.values import NOTHING, as_typed, is_empty

if TYPE_CHECKING:
    from stripe_plugin.wire.request import Request

Parameters = Mapping[str, Any]
Paths = Sequence[str]
Values = dict[str, Any]
Sentences = dict[str, list[str]]  # by display key

# Between the words of a name: Create|Price, Stripe|API|Request.
WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
SMALL = re.compile(r" (?:A|At|Or) ")  # in the middle of one
# Where a form has what an action takes beside its rows.
OPTION_PLACES: Mapping[str, Path] = {EXTRA: ("options", "extra"), EXPAND_KEY: ("options", EXPAND)}

_C = TypeVar("_C", bound=type[Any])


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(required, path_id)
)
def _table(cls: _C) -> _C:
    """Makes the attributes of a class known to type checkers; an action makes itself."""
    freeze = attrs.frozen(kw_only=True, slots=False, init=False, repr=False)
    made: _C = freeze(cls)
    return made


@_table
class Action:
    """One action with its inputs, which have been judged: whatever exists can be sent."""

    spec: ClassVar[Spec]
    _judgement: ClassVar[type[Judgement]] = Judgement

    _unsent: ClassVar[Iterable[tuple[str, Fault]]] = ()  # an action's own hides it

    #: Parameters of Stripe's that have no row, sent as they are.
    extra: Parameters = attrs.field(factory=Values, hash=False)
    #: The linked objects that the answer gives in full, as paths: `customer`, `data.product`.
    expand: Paths | None = attrs.field(default=(), hash=False)

    def __init__(self, *, extra: Parameters = NOTHING, expand: Any = (), **inputs: Any) -> None:
        self._take(inputs, extra, expand)

    @classmethod
    def read(cls, inputs: Parameters, *, extra: Parameters = NOTHING, expand: Paths = ()) -> Self:
        """The action from inputs by display key or parameter; `InvalidInputs` has every problem.

        Empty values (`None`, `""`, `{}`, `[]`) are not given.
        """
        one = cls.__new__(cls)
        one._take(inputs, extra, expand)  # noqa: SLF001 - its own
        return one

    def _take(self, inputs: Any, extra: Any, expand: Any) -> None:
        """Makes inputs its own, or refuses them: the one place where an action is judged."""
        judged = self._judgement(self.spec, inputs, extra, expand)
        judged.refuse_unknown()
        if judged.problems:
            raise InvalidInputs(judged.problems, self.spec.id)
        vars(self).update(judged.values)
        if judged.unsent:
            vars(self)["_unsent"] = tuple(judged.unsent)

    @classmethod
    def judge(
        cls, inputs: Parameters, *, extra: Parameters = NOTHING, expand: Paths = ()
    ) -> tuple[Values, Sentences]:
        """The clean values by attribute, and sentences about the others by display key.

        Takes UNKNOWN for a value that is known only later, which no action can have.
        """
        judged = cls._judgement(cls.spec, inputs, extra, expand)
        return judged.values, sentences(judged.problems)

    def inputs(self) -> dict[str, Any]:
        """What was given, by display key."""
        given: dict[str, Any] = {}
        for row in self.spec.rows:
            value = getattr(self, row.name)
            if not is_empty(value):
                given[row.key] = value
        return given

    def parameters(self) -> tuple[dict[str, str], Values]:
        """The variables of the path, and what is sent beside them, by Stripe's names."""
        in_path: dict[str, str] = {}
        sent: Values = {}
        for row in self.spec.rows:
            value = getattr(self, row.name)
            if is_empty(value) or row.local:
                continue
            if row.parameter in self.spec.path_names:
                in_path[row.parameter] = value
            else:
                sent[row.parameter] = value
        sent |= self.spec.sends
        sent |= self.extra
        if self.expand:
            sent["expand"] = [*self.expand]
        return in_path, sent

    def request(self) -> "Request":
        """The HTTP request; sends and judges nothing. `InvalidInputs` if it cannot be sent."""
        from stripe_plugin.wire import request as wire

        in_path, sent = self.parameters()
        try:
            path = wire.fill(self.spec.path, in_path)
            form = wire.encode(sent)
            return wire.Request(self.spec.method, path, form)
        except Refused as error:
            text = f"{self.spec.name}: {error}."
            [fault] = error.faults
            problem = Problem((), "inputs", fault.rule, text)
            raise InvalidInputs([problem], self.spec.id) from None

    def locate(self, param: str | None, code: str | None = None) -> Place | None:
        """Where Stripe's `param` was given, its positions counted as the inputs were typed."""
        if param and root_of(param) in map(root_of, self.extra):
            return place_beside(EXTRA, param)
        place = self.spec.locate(param, code)
        if place is None:
            return None
        first, *rest = place.path
        typed = as_typed(getattr(self, str(first)), tuple(rest))
        row = self.spec.words[str(first)]
        return Place(place.key, (first, *typed), place_in(row, typed))

    def warnings(self) -> dict[str, str]:
        """What looks wrong but may be right, by display key.

        IDs with the prefix of another resource, what Stripe's document does not know, and metadata
        without a value.
        """
        found = sentences(self.warnings_at())
        return {key: " ".join(said) for key, said in found.items()}

    def warnings_at(self) -> list[Problem]:
        """The same, each at its place, as a form shows a problem."""
        found: list[Problem] = []
        for key, doubt in islice(chain(self._unsent, self._doubts()), MOST_TOLD):
            sentence = f"{key}{doubt.words} {doubt.text}."
            above = OPTION_PLACES.get(key) or (self.spec.names[key],)
            found.append(Problem((*above, *doubt.path), key, doubt.rule, sentence))
        return found

    def _doubts(self) -> Iterator[tuple[str, Fault]]:
        for row in self.spec.rows:
            value = getattr(self, row.name)
            if not is_empty(value):
                yield from zip(repeat(row.key), row.doubts(value))
        for name, value in self.extra.items():
            doubts = self.spec.documented.into(name).doubts(value)
            yield from zip(repeat(EXTRA), inside(name, doubts))
        if EXPAND not in self.spec.words:
            doubts = doubts_of(self.spec.documented, self.expand or ())
            yield from zip(repeat(EXPAND_KEY), doubts)

    def __repr__(self) -> str:
        given: list[str] = []
        for name, value in vars(self).items():
            if not is_empty(value) and name != "_unsent":
                given.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(given)})"


def changed(action: Action, **changes: Any) -> Action:
    """The same action with other values of some attributes, judged like any."""
    given = {name: value for name, value in vars(action).items() if name != "_unsent"}
    return type(action)(**{**given, **changes})


_A = TypeVar("_A", bound=Action)


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(required, path_id)
)
def action(  # noqa: PLR0913 - each is one fact
    endpoint: str,
    subject: Resource,
    *,
    answers: One | None = None,
    sends: Mapping[str, Any] = NOTHING,
    repeatable: bool | None = None,
    destructive: bool | None = None,
    docs: str | None = None,
    beyond: bool = False,
    recipe: bool = False,
) -> Callable[[type[_A]], type[_A]]:
    """Makes a class of rows an action: `METHOD /path/{variable}`, and what that is about.

    `answers`: One if nothing is said, Page, Deleted or Other. The rest is as in `Spec`.
    """
    spec = partial(
        Spec,
        endpoint=endpoint,
        subject=subject,
        answer=answers or One(),
        sends=sends,
        repeats=repeatable,
        destroys=destructive,
        docs=docs,
        beyond=beyond or recipe,
        recipe=recipe,
    )

    return partial(_declared, spec)


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(required, path_id)
)
def table(cls: type[_A]) -> type[_A]:
    """Makes a class a part of tables: actions that are its subclasses have its rows, too.

    They stand behind an action's own, and those beyond the page behind all others. A cursor is
    declared by `rule.reference(ITSELF)`: it is the ID of whatever the action answers with.
    """
    _check_names(cls)
    return _table(cls)


def _declared(spec: Callable[..., Spec], cls: type[_A]) -> type[_A]:
    made: Any = table(cls)
    if Action not in made.__mro__:
        raise UsageError(f"{cls.__name__} is no action: write class {cls.__name__}(Action)")
    rows = rows_of(made, "extra", EXPAND)
    declared = spec(rows=rows, **_words(cls))
    for wrong in refused_examples(rows):
        raise UsageError(f"{declared.name} › {wrong}")
    completed = attrs.evolve(declared, rows=_completed(declared))
    made.spec = _Whole(completed)
    whole: type[_A] = made
    return whole


def _completed(spec: Spec) -> tuple[Row, ...]:
    """The rows with what is known of them at Stripe and of each other."""
    about = spec.answer.resource(spec.subject)
    rows = [row.of(about) for row in spec.at_stripe()]
    return tuple(with_query(rows))


class _Whole:
    """What an action is, with Expand: what that leads to is read when it is first asked for."""

    def __init__(self, declared: Spec) -> None:
        self._declared = declared

    def __get__(self, action: Action | None, cls: type[Action]) -> Spec:
        return self._spec

    @cached_property
    def _spec(self) -> Spec:
        declared = self._declared
        expand = None if EXPAND in declared.words else expand_row(declared)
        if expand is None:
            return declared
        return attrs.evolve(declared, rows=(*declared.rows, expand))


def _words(cls: type[Any]) -> dict[str, str]:
    """What the class says by its own name and docstring."""
    spaced = WORDS.sub(" ", cls.__name__)
    docstring = (cls.__doc__ or "").strip()
    return {
        "name": SMALL.sub(_lower, spaced),
        "entry": f"{cls.__module__}:{cls.__qualname__}",
        "summary": docstring.partition("\n")[0],
        "description": " ".join(docstring.split()),
    }


def _lower(word: re.Match[str]) -> str:
    return word[0].lower()


def _check_names(cls: type[Any]) -> None:
    """An action's own names can be no rows: a row would hide the method."""
    own = {*dir(Action), *get_annotations(Action)}
    own.remove(EXPAND)  # a row that is called so becomes one list with the argument
    for name in get_annotations(cls):
        if name in own or name.startswith("_"):
            raise UsageError(
                f"{cls.__name__}.{name}: an action has {name} of its own. Call the row {name}_ and"
                f" it is still sent as {name}, or give it another name and sent_as={name!r}"
            )

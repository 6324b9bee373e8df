"""What must one value be? A rule judges it, reads itself aloud, and exports as data."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import attrs

from stripe_plugin.errors import MOST_LISTED, Fault, Refused, listed, near
from stripe_plugin.judge.reading import each, line
from stripe_plugin.judge.values import (
    NOTHING,
    Given,
    Label,
    entries,
    is_empty,
    is_list,
    places_of,
    step_shown,
)
from stripe_plugin.secrets import shown

if TYPE_CHECKING:
    from stripe_plugin.judge.table import Field


class Witness(Protocol):
    """Where a value is sent to, and what is known of what may stand there."""

    @property
    def is_known(self) -> bool:
        """Whether anything at all is known of where the value is sent to."""
        ...

    @property
    def values(self) -> tuple[str, ...]:
        """The fixed values of what stands here, or of each in a list; none: any."""
        ...

    def into(self, key: str) -> "Witness":
        """The place of a key of what stands here."""
        ...

    def judge(self, value: Any) -> Any:
        """A value of this place, clean, or `Refused`."""
        ...

    def doubts(self, value: Any) -> Iterator[Fault]:
        """What looks wrong in a value that was judged, but may be right."""
        ...

    def unsent(self, value: Any) -> Iterator[Fault]:
        """What is told of a value as it was given: of what is empty in it, that it is not sent."""
        ...


class Rule:
    """What one value must be. A rule of one's own says `name`, `must` and `holds`, or `judge`."""

    name: ClassVar[str]  # of the rule, in problems as data
    #: Whether it takes for ever what it takes today, asking no clock: then a table whose example
    #: it refuses contradicts itself.
    lasting: ClassVar[bool] = False

    @property
    def must(self) -> str:
        """What follows on "must", as in "be at least 5"; "" if faults have words of their own."""
        return ""

    @property
    def text(self) -> str:
        """The rule as a form's description has it."""
        words = self.must.removeprefix("be ").removeprefix("hold ")
        return words[:1].upper() + words[1:]

    @property
    def schema(self) -> Mapping[str, Any]:
        """The rule in JSON Schema, as far as that can say it."""
        return NOTHING

    @property
    def neighbours(self) -> tuple[Label, ...]:
        """The labels that `judge` looks at in `given`, so that they can be checked."""
        return ()

    @property
    def nested(self) -> "Mapping[str, Field]":
        """The fields inside of an object, or of each in a list, by parameter; of others none."""
        return NOTHING

    def holds(self, value: Any) -> bool:
        """Whether a value of the row's type obeys."""
        raise NotImplementedError

    def judge(self, value: Any, given: Given) -> Any:  # noqa: ARG002 - for those with neighbours
        """The value, normalised, or `Refused`; `given`: what is given beside it, by label."""
        if not self.holds(value):
            raise self.refused(value)
        return value

    def at(self, witness: Witness) -> "Rule":  # noqa: ARG002 - for those that ask what is known there
        """The rule for a value that is sent to this place."""
        return self

    def doubts(self, value: Any) -> Iterator[Fault]:  # noqa: ARG002 - most rules know
        """What looks wrong in a value that was judged, but may be right."""
        yield from ()

    def unsent(self, value: Any) -> Iterator[Fault]:  # noqa: ARG002 - most values are sent whole
        """What is told of a value as it was given: of what is empty in it, that it is not sent."""
        yield from ()

    def refused(self, value: Any) -> Refused:
        """The refusal of a value."""
        return Refused(f"must {self.must}; got {shown(value)}", self.name)


class Reading(Rule):
    """A rule that also reads its row, in place of the type: it knows other ways to write it."""

    def read(self, value: Any, given: Given) -> Any:
        """The value in the row's type, or `Refused`; `given`: what is given beside it, by label."""
        raise NotImplementedError


def trimmed(pattern: str) -> Mapping[str, Any]:
    """The JSON Schema of a text that matches, whatever a paste leaves around it."""
    return {"pattern": rf"^\s*(?:{pattern})\s*$"}


@attrs.frozen
class OneOf(Rule):
    """One of a few fixed values."""

    name: ClassVar[str] = "one_of"
    lasting: ClassVar[bool] = True
    values: tuple[str, ...]

    @property
    def must(self) -> str:
        return f"be one of {listed(self.values)}"

    @property
    def text(self) -> str:
        between = " or " if len(self.values) == 2 else ", "
        return between.join(self.values)

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"enum": [*self.values]}

    def holds(self, value: Any) -> bool:
        return value in self.values

    def refused(self, value: Any) -> Refused:
        hint = near(value, self.values) if len(self.values) > MOST_LISTED else ""
        return Refused(f"must {self.must}{hint}; got {shown(value)}", self.name)


@attrs.frozen
class Between(Rule):
    """A number within bounds, both included."""

    name: ClassVar[str] = "between"
    lasting: ClassVar[bool] = True
    low: int
    high: int

    @property
    def must(self) -> str:
        return f"be from {self.low} to {self.high}"

    @property
    def text(self) -> str:
        return f"{self.low}–{self.high}"

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"minimum": self.low, "maximum": self.high}

    def holds(self, value: Any) -> bool:
        return bool(self.low <= value <= self.high)


@attrs.frozen
class AtLeast(Rule):
    """A number with a lower bound."""

    name: ClassVar[str] = "at_least"
    lasting: ClassVar[bool] = True
    low: int

    @property
    def must(self) -> str:
        return f"be at least {self.low}"

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"minimum": self.low}

    def holds(self, value: Any) -> bool:
        return bool(value >= self.low)


@attrs.frozen
class MaxLength(Rule):
    """Text of at most so many characters."""

    name: ClassVar[str] = "max_length"
    lasting: ClassVar[bool] = True
    most: int

    @property
    def must(self) -> str:
        return f"be at most {self.most:,} characters long"

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"maxLength": self.most}

    def holds(self, value: Any) -> bool:
        return len(value) <= self.most


@attrs.frozen
class MaxItems(Rule):
    """A list of at most so many items; `noun`: what those are called."""

    name: ClassVar[str] = "max_items"
    lasting: ClassVar[bool] = True
    most: int
    noun: str = "items"

    @property
    def must(self) -> str:
        return f"hold at most {self.most} {self.noun}"

    @property
    def text(self) -> str:
        return f"Max {self.most} {self.noun}"

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"maxItems": self.most}

    def holds(self, value: Any) -> bool:
        return len(value) <= self.most


@attrs.frozen
class Matches(Rule):
    """Text of a certain form; `words` describe it behind "must", as in "be a path"."""

    name: ClassVar[str] = "matches"
    lasting: ClassVar[bool] = True
    pattern: str
    words: str

    @property
    def must(self) -> str:
        return self.words

    @property
    def schema(self) -> Mapping[str, Any]:
        return trimmed(self.pattern)

    def holds(self, value: Any) -> bool:
        return bool(re.fullmatch(self.pattern, value))


class Referable(Protocol):
    """What an ID can point to."""

    @property
    def words(self) -> str:
        """What it is called in a sentence."""
        ...

    @property
    def prefix(self) -> str | None:
        """How its IDs begin; None where accounts choose them freely."""
        ...

    @property
    def id_words(self) -> str:
        """How its IDs look, as a sentence goes on: `, which usually begins with prod_`."""
        ...

    def id_in(self, pasted: str) -> str:
        """The ID in what somebody pasted, which may be an address; else that. Or `Refused`."""
        ...

    def looks_foreign(self, identity: str) -> bool:
        """Whether an ID begins as those of another resource do."""
        ...


# Only what no ID can be: dots alone would change the path, blanks and controls are never in one.
ID = re.compile(r"(?!\.{1,2}$)[^\x00-\x20\x7f\ud800-\udfff]{1,5000}")


@attrs.frozen
class Reference(Reading):
    """The ID of an object. Only what no ID can be is refused: accounts may choose their own."""

    name: ClassVar[str] = "reference"
    lasting: ClassVar[bool] = True
    to: Referable

    @property
    def must(self) -> str:
        article = "an" if self.to.words[0] in "aeio" else "a"
        return f"be the ID of {article} {self.to.words}"

    @property
    def schema(self) -> Mapping[str, Any]:
        return {**trimmed(r"(?!\.{1,2}\s*$)[^\u0000-\u0020\u007f]+"), "maxLength": 5000}

    def read(self, value: Any, given: Given) -> Any:  # noqa: ARG002 - an ID stands alone
        return self.to.id_in(line(value))

    def holds(self, value: Any) -> bool:
        return bool(ID.fullmatch(value))

    def refused(self, value: Any) -> Refused:
        return Refused(f"must {self.must}{self.to.id_words}; got {shown(value)}", self.name)

    def doubts(self, value: Any) -> Iterator[Fault]:
        if self.to.looks_foreign(value):
            usual = f"usually starts with {self.to.prefix}"
            yield Fault(f"{usual}; got {shown(value)}", "prefix")


@attrs.frozen
class Each(Rule):
    """A list whose every item obeys these rules."""

    name: ClassVar[str] = "each"
    lasting: ClassVar[bool] = True
    rules: tuple[Rule, ...]

    @property
    def text(self) -> str:
        return "; ".join(f"Each: {rule.text}" for rule in self.rules if rule.text)

    @property
    def schema(self) -> Mapping[str, Any]:
        items: dict[str, Any] = {}
        for rule in self.rules:
            items |= rule.schema
        return {"items": items}

    @property
    def nested(self) -> "Mapping[str, Field]":
        found: dict[str, Field] = {}
        for rule in self.rules:
            found |= rule.nested
        return found

    def judge(self, value: Any, given: Given) -> Any:  # noqa: ARG002 - an item has no neighbours
        steps = tuple(rule.judge for rule in self.rules)
        return each(value, steps)

    def at(self, witness: Witness) -> "Each":
        return Each(tuple(rule.at(witness) for rule in self.rules))

    def unsent(self, value: Any) -> Iterator[Fault]:
        for place, item in enumerate(value if is_list(value) else ()):
            for rule in self.rules:
                yield from inside(place, rule.unsent(item))

    def doubts(self, value: Any) -> Iterator[Fault]:
        for place, item in zip(places_of(value), value, strict=True):
            for rule in self.rules:
                yield from inside(place, rule.doubts(item))


@attrs.frozen
class Known(Rule):
    """What is known of the place that a value is sent to, and nothing more."""

    name: ClassVar[str] = "known"
    witness: Witness

    @property
    def text(self) -> str:
        return "As Stripe documents it"

    def judge(self, value: Any, given: Given) -> Any:  # noqa: ARG002 - it has no neighbours
        return self.witness.judge(value)

    def unsent(self, value: Any) -> Iterator[Fault]:
        return self.witness.unsent(value)

    def doubts(self, value: Any) -> Iterator[Fault]:
        return self.witness.doubts(value)


@attrs.frozen
class DocumentedValue(Rule):
    """One of the fixed values that are known at its place; others may have come since."""

    name: ClassVar[str] = "documented"
    lasting: ClassVar[bool] = True
    witness: Witness | None = None  # declared without it

    @property
    def text(self) -> str:
        return "One of Stripe's values"

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"enum": [*self.witness.values]} if self.witness else {}

    def at(self, witness: Witness) -> "DocumentedValue":
        return DocumentedValue(witness)

    def judge(self, value: Any, given: Given) -> Any:  # noqa: ARG002 - it has no neighbours
        return value

    def doubts(self, value: Any) -> Iterator[Fault]:
        known = self.witness.values if self.witness else ()
        if isinstance(value, str) and value not in known:
            yield newer(value, known)


def newer(value: str, known: Iterable[str]) -> Fault:
    """The doubt about a value that Stripe may have added since."""
    words = f"is not among the values that Stripe documents{near(value, known)}"
    return Fault(f"{words}; got {shown(value)}, which is sent all the same", "undocumented")


def valueless(value: Any) -> Iterator[Fault]:
    """Every key of one's own without a value: who types one expects that something comes of it."""
    for key, item in entries(value):
        if is_empty(item):
            yield Fault(VALUELESS, "valueless").inside(step_shown(key))


VALUELESS = "has no value: it is not sent; @clear unsets it"


def inside(step: str | int, faults: Iterable[Fault], label: str = "") -> Iterator[Fault]:
    """The same faults, seen from an object that has the value at `step`, or from a list.

    `label`: what sentences call the step, if not so.
    """
    place = step_shown(step)
    return (fault.inside(place, label) for fault in faults)

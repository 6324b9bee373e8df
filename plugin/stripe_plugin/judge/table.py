"""How are fields judged side by side? Once, and every problem at its place."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar, Self

import attrs

from stripe_plugin.errors import Fault, Path, Refused, UsageError, near, words
from stripe_plugin.judge.conditions import Condition
from stripe_plugin.judge.reading import Steps, in_turn, reading, structured
from stripe_plugin.judge.rules import Each, Known, Reading, Rule, Witness, inside
from stripe_plugin.judge.schema import TableSchema, value_schema
from stripe_plugin.judge.values import (
    CLEAR,
    NOTHING,
    UNKNOWN,
    Given,
    Label,
    Names,
    Partly,
    check_kind,
    entries,
    holds_objects,
)
from stripe_plugin.secrets import shown

MOST_HINTS = 20  # unknown keys of which the nearest known one is looked for

# A display key, maybe a misspelt one: no parameter of Stripe's has a capital first, or a blank.
FOR_PEOPLE = re.compile(r"[A-Z]|\S+ \S")
MISSING = Fault("is required", "required")

Faults = dict[str, list[Fault]]  # by label


ACRONYMS = ("id", "url")
SMALL = ("at", "for", "from", "in", "of", "on", "to")  # words in the middle of a display key


def title_case(name: str) -> str:
    """The display key of a parameter that has none of its own: `Interval Count`, `Price ID`."""
    spaced = re.sub(r"(?<=[a-z])(?=[0-9])", "_", name)
    first, *rest = re.split(r"[._]+", spaced)
    inner = [word if word in SMALL else _capital(word) for word in rest[:-1]]
    return " ".join([_capital(first), *inner, *map(_capital, rest[-1:])])


def _capital(word: str) -> str:
    return word.upper() if word in ACRONYMS else word.capitalize()


@attrs.frozen
class Field:
    """One value of a table: its type, its rules, whether it must be there or may be unset."""

    kind: Any
    rules: tuple[Rule | Condition, ...] = ()
    required: bool = False
    #: Whether Stripe unsets it by an empty text: True if its API document says so, a text that
    #: names the witness if it is another, such as a recording.
    clearable: bool | str = False
    example: Any = None
    #: The display key.
    key: str = ""
    #: Stripe's parameter, or the path's variable; of a row, the attribute: with `_` behind it, if
    #: `Action` itself has the name.
    name: str = ""
    description: str = ""

    @cached_property
    def restrictions(self) -> list[Rule]:
        """What the value must be."""
        return [rule for rule in self.rules if isinstance(rule, Rule)]

    @cached_property
    def conditions(self) -> list[Condition]:
        """When the value must be given, or not."""
        return [rule for rule in self.rules if isinstance(rule, Condition)]

    @cached_property
    def nested(self) -> "Mapping[str, Field]":
        """The fields inside of an object, or of each in a list, by parameter; of others none."""
        found: dict[str, Field] = {}
        for rule in self.restrictions:
            found |= rule.nested
        return found

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of a given value."""
        return value_schema(self.kind, self.restrictions)

    @property
    def annotations(self) -> dict[str, Any]:
        """What a schema says to people."""
        said: dict[str, Any] = {"title": self.key}
        if self.description:
            said["description"] = self.description
        if self.example is not None:
            said["examples"] = [self.example]
        return said

    @cached_property
    def stages(self) -> Steps:
        """The judgement step by step: the value is read, then each rule judges what came of it."""
        judging = [rule.judge for rule in self.restrictions]
        for rule in self.restrictions:
            if isinstance(rule, Reading):
                return (rule.read, *judging)
        return (*reading(self.kind, self.example), *judging)

    def judge(self, value: Any, given: Given) -> Any:
        """The value in its type, clean, of plain data; None if it is empty. `Refused` otherwise.

        `given`: what is given beside it, by label.
        """
        clean, faults = in_turn(self.stages, value, given)
        if clean is CLEAR and not self.clearable:
            instead = NEEDED if self.required else LEFT_OUT
            faults.append(Fault(f"{NOT_CLEARABLE}; {instead}", "clear"))
        if faults:
            raise Partly(sorted(faults, key=_position), UNKNOWN)
        return clean

    def at(self, witness: Witness) -> Self:
        """The same for a value that is sent to this place; free objects are as known there."""
        rules = [it.at(witness) if isinstance(it, Rule) else it for it in self.rules]
        if holds_objects(self.kind) and not self.restrictions:
            rules.append(Known(witness))
        return attrs.evolve(self, rules=tuple(rules))

    def unsent(self, value: Any) -> Iterator[Fault]:
        """What is told of a value as it was given: of what is empty in it, that it is not sent."""
        if holds_objects(self.kind):
            read = structured(value)
            for rule in self.restrictions:
                yield from rule.unsent(read)

    def doubts(self, value: Any) -> Iterator[Fault]:
        """What looks wrong in a value that was judged, but may be right."""
        if value is not UNKNOWN and value is not CLEAR:
            for rule in self.restrictions:
                yield from rule.doubts(value)


# Stripe's document does not name all of them: https://github.com/stripe/stripe-node/pull/1834
NOT_CLEARABLE = "cannot be unset, as far as Stripe's API document says"
NEEDED = "it needs a value"
LEFT_OUT = "leave it empty, and nothing is sent for it"


def _position(fault: Fault) -> int:
    """Where in a list it is; what concerns all of it comes first."""
    first = fault.path[0] if fault.path else -1
    return first if isinstance(first, int) else -1


Fields = Mapping[str, Field]  # by label


def judge_table(
    fields: Fields, values: Given, beside: Given = NOTHING
) -> tuple[dict[str, Any], Faults]:
    """The clean values by label, and every fault. `beside`: what else is given, without a row."""
    given = {**beside, **values}  # clean, as far as it has been judged
    clean: dict[str, Any] = {}
    faults: Faults = {}
    for label, field in fields.items():
        try:
            value = field.judge(values[label], given) if label in values else None
        except Refused as error:
            faults[label] = error.faults
            given[label] = UNKNOWN
            continue
        if value is not None:
            given[label] = clean[label] = value
            continue
        given.pop(label, None)
        if field.required:
            faults[label] = [MISSING]
    _judge_conditions(fields, given, faults)
    return clean, faults


def _judge_conditions(fields: Fields, given: Given, faults: Faults) -> None:
    told: set[frozenset[Label]] = set()  # the rows of which one must be given: told once
    for label, field in fields.items():
        for condition in field.conditions:
            if not condition.broken(label, given):
                continue
            group = condition.alternatives | {label}
            if condition.alternatives and group in told:
                continue
            told.add(group)
            fault = Fault(condition.wrong(given), condition.name)
            faults[label] = [*faults.get(label, ()), fault]


def check_table(fields: Fields) -> None:
    """What is no rule, or looks at a label which is not there, fails when its table is declared."""
    for label, field in fields.items():
        _check_words(label, field)
        for rule in field.rules:
            for neighbour in rule.neighbours:
                if isinstance(neighbour, str) and neighbour not in fields:
                    raise UsageError(f"{label}: there is no row {neighbour}")


def _check_words(label: str, field: Any) -> None:
    """What was written in the place of a description, or of a rule."""
    if not isinstance(field.description, str):
        text = "its description, behind the example, must be text"
        raise UsageError(f"{label}: {text}; got {shown(field.description)}")
    _check_rules(label, field.rules)
    try:
        check_kind(field.kind)
    except UsageError as error:
        raise UsageError(f"{label}: {error}") from None


def _check_rules(label: str, rules: Iterable[Any]) -> None:
    for rule in rules:
        if not isinstance(rule, Rule | Condition):
            text = "behind its description stand rules, such as rule.at_least(1)"
            raise UsageError(f"{label}: {text}; got {shown(rule)}")
        if isinstance(rule, Each):
            _check_rules(f"{label} › Each", rule.rules)


def table_schema(fields: Fields, names: Names) -> dict[str, Any]:
    """A table as JSON Schema; `names`: label to property."""
    table = TableSchema(names)
    for label, field in fields.items():
        table.add(label, field.schema)
        if field.required:
            table.require(label)
        for condition in field.conditions:
            table.restrict(label, condition)
    return table.whole()


def labelled(field: Field, path: Path) -> str:
    """A path into the value of a field as sentences have it: ` › 1 › Price Data`.

    What has no field of its own keeps Stripe's name.
    """
    shown_as: list[str | int] = []
    fields = field.nested
    for step in path:
        inner = fields.get(step) if isinstance(step, str) else None
        shown_as.append(inner.key if inner else step)
        if not isinstance(step, int):
            fields = inner.nested if inner else NOTHING
    return words(tuple(shown_as))


def _named(fields: Fields) -> Fields:
    """The fields, each with its parameter, and with a display key if it has none of its own."""
    for name, field in fields.items():
        _check_field(name, field)
    return {name: _called(field, name) for name, field in fields.items()}


def _check_field(name: str, field: Any) -> None:
    if not isinstance(field, Field):
        raise UsageError(f"{name}: a key is rule.need(…) or rule.may(…); got {shown(field)}")


def _called(field: Field, name: str) -> Field:
    if field.name == name:
        return field
    return attrs.evolve(field, name=name, key=field.key or title_case(name))


@attrs.frozen
class Keys(Rule):
    """An object with these keys: a table inside of a row.

    Others are judged by what is known of its place; without a place there are no others.
    """

    name: ClassVar[str] = "keys"
    lasting: ClassVar[bool] = True
    #: By parameter.
    fields: Fields = attrs.field(converter=_named)
    #: Keys that are known to be wrong: see `without`.
    gone: Mapping[str, str] = NOTHING
    witness: Witness | None = None

    def __attrs_post_init__(self) -> None:
        check_table(self.table)

    @cached_property
    def table(self) -> Fields:
        """The fields by display key."""
        return {field.key: field for field in self.fields.values()}

    @cached_property
    def words(self) -> Fields:
        """The fields by whatever a key may be called: parameter or display key."""
        return {**self.fields, **self.table}

    @property
    def nested(self) -> Fields:
        return self.fields

    def without(self, gone: Mapping[str, str]) -> "Keys":
        """The same, but these keys are refused; each has what follows on it: "is Price now"."""
        return attrs.evolve(self, gone=gone)

    @property
    def text(self) -> str:
        return ""  # its fields speak for themselves

    @property
    def schema(self) -> Mapping[str, Any]:
        names = {key: field.name for key, field in self.table.items()}
        schema = table_schema(self.table, names)
        properties = schema["properties"]
        for name, field in self.fields.items():
            properties[name] = field.annotations | properties[name]
        if self.witness is not None:
            del schema["additionalProperties"]
            schema["propertyNames"] = {"pattern": f"^(?!{FOR_PEOPLE.pattern})"}
        if self.gone:
            schema.setdefault("propertyNames", {})["not"] = {"enum": [*self.gone]}
        return schema

    def judge(self, value: Any, given: Given) -> Any:  # noqa: ARG002 - it has its own neighbours
        faults: list[Fault] = []
        known, others = self._sorted(value, faults)
        clean, by_key = judge_table(self.table, known)
        for key, found in by_key.items():
            faults += inside(self.table[key].name, found, key)
        named = {self.table[key].name: item for key, item in clean.items()}
        if others:
            faults = self._without_missing(others, faults)
            named |= self._judge_others(others, faults)
        if faults:
            raise Refused(faults)
        return named or None

    def at(self, witness: Witness) -> "Keys":
        fields = {name: field.at(witness.into(name)) for name, field in self.fields.items()}
        return attrs.evolve(self, fields=fields, witness=witness)

    def unsent(self, value: Any) -> Iterator[Fault]:
        for word, item in entries(value):
            if field := self.words.get(word):
                yield from inside(field.name, field.unsent(item), field.key)
            elif self.witness is not None:
                yield from inside(word, self.witness.into(word).unsent(item))

    def doubts(self, value: Any) -> Iterator[Fault]:
        for name, item in value.items():
            if name in self.fields:
                field = self.fields[name]
                yield from inside(name, field.doubts(item), field.key)
            elif self.witness is not None:
                yield from inside(name, self.witness.into(name).doubts(item))

    def _sorted(self, value: Given, faults: list[Fault]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What has a field, by display key, and what has none; what is given twice is a fault."""
        known: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for word, item in value.items():
            field = self.words.get(word)
            if field is None:
                others[word] = item
            elif field.key in known:
                twice = Fault(f"is given twice, as {field.key} and as {field.name}", "given_twice")
                faults += inside(field.name, [twice], field.key)
            else:
                known[field.key] = item
        return known, others

    def _without_missing(self, others: Mapping[str, Any], faults: list[Fault]) -> list[Fault]:
        """The faults, but if a key is gone, what is missing stands under that wrong key."""
        if not self.gone.keys() & others.keys():
            return faults
        return [fault for fault in faults if not fault.rule.startswith("required")]

    def _judge_others(self, others: Mapping[str, Any], faults: list[Fault]) -> dict[str, Any]:
        """Those without a field, clean; what is wrong with them goes to the faults."""
        clean: dict[str, Any] = {}
        for key, item in others.items():
            try:
                clean[key] = self._judge_other(key, item, len(faults) < MOST_HINTS)
            except Refused as error:
                faults += inside(key, error.faults)
        return {key: item for key, item in clean.items() if item is not None}

    def _judge_other(self, key: str, item: Any, hinted: bool) -> Any:  # noqa: FBT001 - said at once
        if key in self.gone:
            raise Refused(self.gone[key], "gone")
        witness = self.witness
        if witness and witness.is_known and not FOR_PEOPLE.match(key):
            return witness.into(key).judge(item)
        hint = near(key, self.table) if hinted else ""
        raise Refused(f"is not a key here{hint}", "not_a_key")

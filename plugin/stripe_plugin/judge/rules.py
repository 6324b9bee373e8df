"""What may a value be, and when must it be there? Rules judge, read themselves aloud, are data."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import attrs

from stripe_plugin.errors import Refused, near
from stripe_plugin.judge.values import (
    CLEAR,
    ID,
    NOTHING,
    UNKNOWN,
    Given,
    _converter,
    _gather,
    is_empty,
    plain,
    type_schema,
)
from stripe_plugin.secrets import shown

Rule: TypeAlias = "Restriction | Condition"


Problems = dict[str, list[tuple[str, str]]]  # label: [(path below the label, what is wrong)]


Labels = tuple[str, ...]


Cases = Mapping[str, Labels]  # label: the values that count; () counts any


def _aloud(must: str) -> str:
    return must.removeprefix("be ")[:1].upper() + must.removeprefix("be ")[1:]


@attrs.frozen
class Restriction:
    """Judges one given value: it `must` …, or is refused. `aloud`: the action page says it too."""

    must: str
    ok: Callable[[Any, Given], bool] = attrs.field(default=lambda _value, _given: True, repr=False)
    schema: Mapping[str, Any] = NOTHING
    says: str = attrs.field(default=attrs.Factory(lambda it: _aloud(it.must), takes_self=True))
    aloud: bool = False
    then: Callable[[Any], Any] | None = attrs.field(default=None, repr=False)
    resource: str | None = None

    def read(self, value: Any, given: Given) -> Any:
        """The value, normalised; `Refused` with the reason otherwise. `given`: its neighbours."""
        if not self.ok(value, given):
            raise Refused(f"must {self.must}; got {shown(value)}")
        return self.then(value) if self.then else value


def one_of(*values: str) -> Restriction:
    """One of a few fixed values."""
    says = (" or " if len(values) == 2 else ", ").join(values)
    must, schema = f"be one of {', '.join(values)}", {"enum": list(values)}
    return Restriction(must, lambda value, _: value in values, schema, says, aloud=True)


def between(low: int, high: int) -> Restriction:
    """A number within bounds, both included."""
    must, schema = f"be from {low} to {high}", {"minimum": low, "maximum": high}
    return Restriction(must, lambda it, _: low <= it <= high, schema, f"{low}–{high}", aloud=True)


def at_least(low: int) -> Restriction:
    """A number with a lower bound."""
    return Restriction(f"be at least {low}", lambda value, _: value >= low, {"minimum": low})


def max_length(most: int) -> Restriction:
    """Text of at most so many characters."""
    must = f"be at most {most:,} characters long"
    return Restriction(must, lambda value, _: len(value) <= most, {"maxLength": most})


def max_items(most: int, noun: str = "items", *, aloud: bool = False) -> Restriction:
    """A list of at most so many items."""
    must, says = f"hold at most {most} {noun}", f"Max {most} {noun}"
    return Restriction(must, lambda value, _: len(value) <= most, {"maxItems": most}, says, aloud)


def matches(pattern: str, must: str) -> Restriction:
    """Text of a certain form, described in words."""
    test, schema = re.compile(pattern), {"pattern": f"^(?:{pattern})$"}
    return Restriction(must, lambda value, _: bool(test.fullmatch(value)), schema)


def reference(resource: str) -> Restriction:
    """The ID of a Stripe object of this resource. Only what no ID can be is refused."""
    base = matches(ID, f"be the ID of a {resource.replace('_', ' ').replace('.', ' ')}")
    schema = {"pattern": r"^(?!\.{1,2}$)[^\u0000-\u0020\u007f]+$", "maxLength": 5000}
    return attrs.evolve(base, schema=schema, resource=resource)


def each(*rules: Restriction) -> Restriction:
    """A list whose every item obeys these."""

    def then(values: list[Any]) -> list[Any]:
        for rule in rules:
            values = _gather(values, partial(rule.read, given=NOTHING))
        return values

    schema = {"items": {key: value for rule in rules for key, value in rule.schema.items()}}
    says = "; ".join(f"Each: {rule.says}" for rule in rules)
    return Restriction("", schema=schema, says=says, then=then)


def keys(fields: "Mapping[str, Field]" = NOTHING, /, **more: "Field") -> Restriction:
    """An object with these keys and no others: a table inside a row."""
    table = {**fields, **more}
    says = "Keys: " + ", ".join(key + " (required)" * table[key].required for key in table)
    schema = table_schema(table, {key: key for key in table})
    return Restriction("", schema=schema, says=says, then=lambda value: _read_object(table, value))


def _read_object(table: "Mapping[str, Field]", value: dict[str, Any]) -> dict[str, Any]:
    """Empty keys are left out, but for `""` where Stripe unsets a key by it."""
    known = {key: item for key, item in value.items() if key in table}
    blank = [key for key, item in known.items() if isinstance(item, str) and item in ("", "@clear")]
    unset = {key: CLEAR for key in blank if table[key].clearable}
    kept = {key: item for key, item in known.items() if not is_empty(item)}
    clean, problems = judge_table(table, kept | unset)
    refused = [(f" › {key}{path}", wrong) for key in problems for path, wrong in problems[key]]
    unknown = [key for key in value if key not in table][:20]
    refused += [(f" › {shown(key)}", f"is not a key here{near(key, table)}") for key in unknown]
    if refused:
        raise Refused(refused)
    return clean


@attrs.frozen(kw_only=True)
class Condition:
    """Demands or forbids its row `when` any of these labels is given, `unless` any of those is."""

    demands: bool
    says: str
    when: Cases = NOTHING  # always; a label in lower case is a parameter beyond the rows
    unless: Cases = NOTHING
    aloud: bool = False

    @property
    def wrong(self) -> str:
        """What a broken condition reads like."""
        says = self.says[0].lower() + self.says[1:]
        verb = "is" if self.demands else "may be given" if says.startswith("only") else "may"
        return f"{verb} {says.replace('not ', 'not be given ')}"

    def broken(self, label: str, given: Given) -> bool:
        """Whether the row at `label` is missing although demanded, or given although forbidden."""
        if (label in given) == self.demands:
            return False
        due = not self.when or _met(self.when, given, maybe=False)
        return due and not _met(self.unless, given, maybe=True)

    def violation(self, label: str, names: Mapping[str, str]) -> dict[str, Any]:
        """A JSON Schema that holds exactly when the row breaks the condition."""
        own: dict[str, Any] = {"required": [names[label]]}
        absent, present = ([own], {}) if self.demands else ([], own)
        absent += _case_schemas(self.unless, names)
        due = {"anyOf": _case_schemas(self.when, names)} if self.when else {}
        return present | due | ({"not": {"anyOf": absent}} if absent else {})

    def data(self, names: Mapping[str, str]) -> dict[str, Any]:
        """The condition for builders, by parameter name."""
        when = {names.get(key, key): list(values) for key, values in self.when.items()}
        unless = {names.get(key, key): list(values) for key, values in self.unless.items()}
        effect = "require" if self.demands else "forbid"
        return {"effect": effect, "when": when, "unless": unless, "text": self.says}


def _met(cases: Cases, given: Given, *, maybe: bool) -> bool:
    """Whether any of these labels counts as given; `maybe` stands for a value not known yet."""
    return any(
        maybe if values and given[key] is UNKNOWN else not values or given[key] in values
        for key, values in cases.items()
        if key in given
    )


def _case_schemas(cases: Cases, names: Mapping[str, str]) -> list[Any]:
    found: list[Any] = []
    for name, values in ((names[key], values) for key, values in cases.items() if key in names):
        is_value = {"properties": {name: {"enum": list(values)}}} if values else {}
        found.append({"required": [name]} | is_value)
    return found


def required_if_empty(*labels: str, beyond: Labels = ()) -> Condition:
    """Must be given unless one of these is. `beyond`: parameters without a row that do as well."""
    empty = f" if {' and '.join(labels)} {'is' if len(labels) == 1 else 'are'} empty"
    unless, any_row = dict.fromkeys((*labels, *beyond), ()), bool(labels)
    return Condition(demands=True, says="Required" + empty * any_row, unless=unless, aloud=any_row)


def required_if(label: str, *values: str, unless: Labels = (), beyond: Labels = ()) -> Condition:
    """Must be given if that is (with one of these values), unless one of those is."""
    says = f"Required if {label} is {' or '.join(values) or 'given'}"
    says += "".join(f" and {other} is empty" for other in unless)
    others = dict.fromkeys((*unless, *beyond), ())
    return Condition(demands=True, says=says, when={label: values}, unless=others)


def excludes(*labels: str) -> Condition:
    """Must not be given together with any of these."""
    says = f"Not together with {' or '.join(labels)}"
    return Condition(demands=False, says=says, when=dict.fromkeys(labels, ()))


def only_if(label: str, *values: str) -> Condition:
    """May be given only if that is (with one of these values)."""
    says = f"Only if {label} is {' or '.join(values) or 'given'}"
    return Condition(demands=False, says=says, unless={label: values})


def _those(kind: type[Any]) -> Any:
    chosen = attrs.Factory(lambda it: [r for r in it.rules if isinstance(r, kind)], takes_self=True)
    return attrs.field(init=False, repr=False, default=chosen)


@attrs.frozen
class Field:
    """One value of a table: its type, its rules, whether it must be there or may be unset."""

    kind: Any
    rules: tuple[Rule, ...] = ()
    required: bool = False
    clearable: bool = False
    restrictions: Sequence[Restriction] = _those(Restriction)
    conditions: Sequence[Condition] = _those(Condition)

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of a given value."""
        merged = type_schema(self.kind)
        for rule in self.restrictions:
            items = {**merged.get("items", {}), **rule.schema.get("items", {})}
            merged |= {**rule.schema, **({"items": items} if items else {})}
        return merged

    def read(self, value: Any, given: Given) -> Any:
        """The value in its type, judged; `Refused` otherwise."""
        if value is UNKNOWN or (value is CLEAR and self.clearable):
            return value
        if value is CLEAR:
            raise Refused("cannot be unset at Stripe; leave it empty to keep what is there")
        value = _converter.structure(plain(value), self.kind)
        for rule in self.restrictions:
            value = rule.read(value, given)
        return value


def need(kind: Any, *rules: Rule) -> Field:
    """A key that an object must have."""
    return Field(kind, rules, required=True)


def may(kind: Any, *rules: Rule, clearable: bool = False) -> Field:
    """A key that an object may have."""
    return Field(kind, rules, clearable=clearable)


def judge_table(
    fields: Mapping[str, Field], values: Given, extra: Given = NOTHING
) -> tuple[dict[str, Any], Problems]:
    """`values` by label, read into clean ones, and every problem. `extra`: given beside them."""
    given = {**extra, **values}
    clean: dict[str, Any] = {}
    problems: Problems = {}
    for label, field in fields.items():
        if label in values:
            try:
                given[label] = clean[label] = field.read(values[label], given)
            except Refused as error:
                problems[label], given[label] = error.problems, UNKNOWN
        elif field.required:
            problems[label] = [("", "is required")]
    for label, field in fields.items():
        for rule in field.conditions:
            if rule.broken(label, given):
                problems[label] = [*problems.get(label, []), ("", rule.wrong)]
    return clean, problems


def table_schema(fields: Mapping[str, Field], names: Mapping[str, str]) -> dict[str, Any]:
    """A table as a JSON Schema, its conditions as one chain of if/then/else."""
    # Combinators at the root would make form libraries collapse the form, and tool APIs refuse it.
    chain: dict[str, Any] = {}
    ruled = [(label, rule) for label, field in fields.items() for rule in field.conditions]
    told = [it for it in ruled if not it[1].when or it[1].when.keys() & names.keys()]
    for label, rule in reversed(told):
        own = {"required": [names[label]]}
        link = {"if": rule.violation(label, names), "then": own if rule.demands else {"not": own}}
        chain = link | ({"else": chain} if chain else {})
    required = [names[label] for label, field in fields.items() if field.required]
    properties = {names[label]: field.schema for label, field in fields.items()}
    shape = {"type": "object", "properties": properties, "additionalProperties": False}
    return shape | ({"required": required} if required else {}) | chain

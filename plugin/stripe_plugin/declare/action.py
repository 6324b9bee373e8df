"""What is an action, what is a row of its table?"""

import re
from collections.abc import Callable
from functools import partial
from types import UnionType
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform, get_type_hints

import attrs

from stripe_plugin.declare.resource import RESOURCES, Resource
from stripe_plugin.errors import InvalidInputs, Refused, UsageError, near
from stripe_plugin.judge import rules as restrictions
from stripe_plugin.judge.rules import Rule
from stripe_plugin.judge.values import CLEAR, NOTHING, Given, is_empty, is_object, type_schema
from stripe_plugin.secrets import shown
from stripe_plugin.wire import request as wire

DOCS = "https://docs.stripe.com/api"


Sentences = dict[str, list[str]]  # what is wrong, by display key


@attrs.frozen(kw_only=True)
class Row(restrictions.Field):
    """One row of an action's table."""

    key: str  # the display key
    name: str  # Stripe's parameter, or the path's variable
    example: Any
    description: str
    presence: str  # on the action page: required, conditional or optional
    page: str | None = None  # its restriction text, where the rules do not say it alike
    beyond: bool = False  # not on the page
    sent_as: str | None = None  # the name that Stripe has given it since

    @property
    def restriction_text(self) -> str | None:
        """The restriction as the action page words it."""
        if self.page is not None:
            return self.page or None
        by_type = {bool: ["true or false"], dict[str, Any]: ["Object"]}.get(self.kind, [])
        aloud = [rule.says for rule in self.rules if rule.aloud]
        return "; ".join(["Required"] * self.required + by_type + aloud) or None

    @property
    def resource(self) -> str | None:
        """The resource that this row's ID points to."""
        return next((rule.resource for rule in self.restrictions if rule.resource), None)


def _row(presence: str, key: str, example: Any, text: str, *rules: Rule, **more: Any) -> Any:
    needed = presence == "required"
    row = partial(Row, presence=presence, required=needed, rules=rules, **more)
    row = partial(row, key=key, example=example, description=text)  # all but its name and type
    return attrs.field(default=attrs.NOTHING if needed else None, metadata={Row: row})


def required(key: str, example: Any, text: str, *rules: Rule, page: str | None = None) -> Any:
    """A row that must be given: display key, example, description, rules."""
    return _row("required", key, example, text, *rules, page=page)


# Rows that may be left empty; `conditional` ones the page does not mark optional. They take what
# `required` takes, and `beyond`, `clearable`, `sent_as`, as in `Row`.
optional = partial(_row, "optional")


conditional = partial(_row, "conditional")


def path_id(key: str, example: str, text: str, resource: str) -> Any:
    """The row of a path's variable."""
    return required(key, example, text, restrictions.reference(resource))


class Spec:
    """Everything declared about an action; forms, manifests and requests derive from it."""

    def __init__(self, cls: type[Any], place: str, answers: Given, sends: Given, docs: str) -> None:
        self.rows = _rows(cls)
        self.fields = {row.key: row for row in self.rows}  # by display key, as the names
        self.names = {row.key: row.name for row in self.rows}
        self.name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cls.__name__)
        self.id = self.name.lower().replace(" ", "_")
        self.entry = f"{cls.__module__}:{cls.__qualname__}"
        self.summary, _, rest = (cls.__doc__ or "").strip().partition("\n")
        self.description = " ".join([self.summary, *rest.split()])
        self.method, _, self.path = place.partition(" ")
        self.path_names: tuple[str, ...] = tuple(re.findall(r"{(\w+)}", self.path))
        collection = self.path.partition("{")[0].strip("/").removeprefix("v1/")
        self.resource = collection.replace("/", ".").removesuffix("s")
        self.docs_url = f"{DOCS}/{docs or f'{collection}/{self.name.split()[0].lower()}'}"
        self.sends = sends
        reads, deletes = self.method == "GET", self.method == "DELETE"
        again = reads or deletes or bool(self.path_names)  # an update can be repeated, too
        self.hints = {"read_only": reads, "destructive": deletes, "idempotent": again}
        known = RESOURCES.get(self.resource, Resource(f"{self.resource}_"))
        level = "Read" if reads else "Write"  # what a restricted key needs
        self.permission = f"{known.permission}: {level}" if known.permission else None
        one = {"id": f"{known.prefix}123", "object": self.resource, **answers}
        page = {"object": "list", "data": [one], "has_more": False}
        self.output_example: dict[str, Any] = page if reads and self.path[-1:] != "}" else one
        _check(self)

    @property
    def listed_by(self):
        return RESOURCES.get(self.resource, Resource("")).listed_by

    @property
    def deletes(self):
        return self.output_example.get("deleted") is True

    def locate(self, param, code):
        key = self.display_key(param, code)
        if key is None:
            return None
        from types import SimpleNamespace

        return SimpleNamespace(key=key, path=(self.names[key],), text=key)

    def display_key(self, param: str | None, code: str | None = None) -> str | None:
        """The row that Stripe's `param` belongs to, nested paths included (`items[0][price]`)."""
        for part in (param or "", (param or "").partition("[")[0]):
            for row in self.rows:
                if part and part in (row.name, row.sent_as, (row.sent_as or "").partition("[")[0]):
                    return row.key
        in_path = [row.key for row in self.rows if row.name in self.path_names]
        return in_path[0] if in_path and code == "resource_missing" else None


class Action:
    """One action with its inputs. Made by `read` it is judged, else when it is sent."""

    spec: ClassVar[Spec]

    @classmethod
    def read(cls, inputs: Given, *, extra: Given = NOTHING) -> Self:
        """The action from inputs by display key or parameter; `InvalidInputs` has every problem."""
        # Empty values (`None`, `""`, `{}`, `[]`) are not given. `extra`: parameters without a row.
        clean, problems = cls.judge(inputs, extra=extra)
        if problems:
            raise InvalidInputs(problems, cls.spec.id)
        return cls(**clean)

    @classmethod
    def judge(cls, inputs: Given, *, extra: Given = NOTHING) -> tuple[dict[str, Any], Sentences]:
        """The clean values by parameter name, and sentences about the others by display key."""
        given, problems = _by_display_key(cls.spec, inputs)
        clean, found = restrictions.judge_table(cls.spec.fields, given, extra)
        for key, wrongs in found.items():
            problems.setdefault(key, []).extend(f"{key}{path} {wrong}." for path, wrong in wrongs)
        return {cls.spec.names[key]: value for key, value in clean.items()}, problems

    def inputs(self) -> dict[str, Any]:
        """What was given, by display key."""
        given = ((row.key, getattr(self, row.name)) for row in self.spec.rows)
        return {key: value for key, value in given if not is_empty(value)}

    def warnings(self) -> dict[str, str]:
        """What looks wrong but may be right: IDs with the prefix of another resource."""
        found: dict[str, str] = {}
        for row in self.spec.rows:
            key, value, known = row.key, getattr(self, row.name), RESOURCES.get(row.resource or "")
            others = tuple(other.prefix for other in RESOURCES.values() if other != known)
            if known and isinstance(value, str) and value.startswith(others):
                found[key] = f"{key} usually starts with {known.prefix}; got {shown(value)}."
        return found

    def request(self, *, extra: Given = NOTHING) -> wire.Request:
        """The HTTP request; sends and judges nothing. `InvalidInputs` for what has no form."""
        spec = self.spec
        in_path = {name: getattr(self, name) for name in spec.path_names}
        named = {row.name: row.sent_as or row.name for row in spec.rows if row.name not in in_path}
        given = {sent_as: getattr(self, name) for name, sent_as in named.items()}
        sent = {name: value for name, value in given.items() if not is_empty(value)}
        if taken := {*sent, *spec.sends, *in_path} & extra.keys() - {"expand"}:
            wrong = f"{spec.name}: extra would replace {', '.join(sorted(taken))}."
            raise InvalidInputs({"inputs": [wrong]}, spec.id)
        try:
            path = wire.fill(spec.path, in_path)
            return wire.Request(spec.method, path, wire.encode({**sent, **spec.sends, **extra}))
        except Refused as error:
            raise InvalidInputs({"inputs": [f"{spec.name}: {error}."]}, spec.id) from None


def _by_display_key(spec: Spec, inputs: Any) -> tuple[dict[str, Any], Sentences]:
    """Given inputs under their display keys; problems: 20 unknown keys, and keys given twice."""
    if not is_object(inputs):
        return {}, {"inputs": [f"Inputs must be an object of display keys; got {shown(inputs)}."]}
    keys = {name: key for key, name in spec.names.items()} | {key: key for key in spec.names}
    given: dict[str, Any] = {}
    problems: Sentences = {}
    for word, value in inputs.items():
        key = keys.get(str(word)) if word in keys else None
        if key is None and len(problems) < 20:
            label = shown(word).strip('"')
            hint = near(label, spec.names) or f"; its inputs are {', '.join(spec.names)}"
            problems[label] = [f"{label} is not an input of {spec.name}{hint}."]
        elif key in given and not is_empty(value):
            problems[key] = [f"{key} is given twice, as {key} and as {spec.names[key]}."]
        elif key and not is_empty(value):
            given[key] = CLEAR if isinstance(value, str) and value == "@clear" else value
    return given, problems


_A = TypeVar("_A", bound=Action)


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(required, path_id)
)
def action(
    endpoint: str,
    *,
    answers: Given = NOTHING,
    sends: Given = NOTHING,
    docs: str | None = None,
    destructive: bool | None = None,
) -> Callable[[type[_A]], type[_A]]:
    """Makes a class of rows an action. A DELETE is destructive unless told otherwise.

    `endpoint`: `METHOD /path/{variable}`. `answers`: the example's values beside ID and object.
    `sends`: what is always sent. `docs`: its page at docs.stripe.com/api, if not path and verb.
    """

    def declare(cls: type[_A]) -> type[_A]:
        made = attrs.frozen(kw_only=True, slots=False)(cls)
        made.spec = Spec(made, endpoint, answers, sends, docs or "")
        if destructive is not None:
            made.spec.hints["destructive"] = destructive
        return made

    return declare


def _rows(cls: type[Any]) -> tuple[Row, ...]:
    hints = get_type_hints(cls)
    rows: list[Row] = []
    for attribute in attrs.fields(cls):
        if Row not in attribute.metadata:
            raise UsageError(f"{cls.__name__}.{attribute.name} is no row: use required or optional")
        hint = hints[attribute.name]
        kind = hint.__args__[0] if isinstance(hint, UnionType) else hint
        type_schema(kind)  # refuses what cannot be read
        rows.append(attribute.metadata[Row](name=attribute.name, kind=kind))
    return tuple(rows)


def _check(spec: Spec) -> None:
    """A table that contradicts itself fails when it is declared, not when it is used."""
    if missing := set(spec.path_names) - {row.name for row in spec.rows if row.required}:
        raise UsageError(f"{spec.name}: {', '.join(missing)} is in the path but no required row")
    for row in spec.rows:
        labels = {label for rule in row.conditions for label in (*rule.when, *rule.unless)}
        if unknown := sorted(label for label in labels - {*spec.names} if not label.islower()):
            raise UsageError(f"{spec.name} › {row.key}: there is no row {', '.join(unknown)}")

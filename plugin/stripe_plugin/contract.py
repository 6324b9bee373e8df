"""What is an action, what is a row of its table?"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType, UnionType
from typing import (
    Any,
    ClassVar,
    NamedTuple,
    Self,
    TypeVar,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

import attrs

from stripe_plugin import wire
from stripe_plugin.errors import InvalidInputs, Refused, UsageError, near, shown
from stripe_plugin.restrictions import (
    CLEAR,
    NOTHING,
    Condition,
    Field,
    Restriction,
    is_empty,
    is_object,
    judge_table,
    reference,
)

DOCS = "https://docs.stripe.com/api"


class Resource(NamedTuple):
    """A kind of Stripe object: the prefix of its IDs, the action that lists it, its permission."""

    prefix: str
    listed_by: str | None = None
    permission: str | None = None


# Source: docs.stripe.com/api (prefixes, lists), docs.stripe.com/keys (permissions).
RESOURCES: Mapping[str, Resource] = MappingProxyType(
    {
        "product": Resource("prod_", "list_products", "Products"),
        "price": Resource("price_", "list_prices", "Prices"),
        "customer": Resource("cus_", "list_customers", "Customers"),
        "invoice": Resource("in_", "list_invoices", "Invoices"),
        "invoiceitem": Resource("ii_", None, "Invoices"),
        "subscription": Resource("sub_", "list_subscriptions", "Subscriptions"),
        "payment_intent": Resource("pi_", "list_payment_intents", "PaymentIntents"),
        "refund": Resource("re_", None, "Charges and Refunds"),
        "charge": Resource("ch_"),
        "payment_method": Resource("pm_"),
        "checkout.session": Resource("cs_", "list_checkout_sessions", "Checkout Sessions"),
        "line_item": Resource("li_", "list_checkout_session_line_items"),
    }
)


@attrs.frozen(kw_only=True)
class Row(Field):
    """One row of an action's table.

    `key` is the display key, `name` Stripe's parameter or the path's variable, `sent_as` the name
    that Stripe has given it since. `presence` (required, conditional, optional) and `page` are the
    action page's; `page` is its restriction text where the rules do not say it alike.
    """

    key: str
    name: str = ""
    example: Any = None
    description: str = ""
    presence: str = "optional"
    page: str | None = None
    beyond: bool = False
    sent_as: str | None = None

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


def _row(
    presence: str, key: str, example: Any, text: str, *rules: Restriction | Condition, **more: Any
) -> Any:
    needed = presence == "required"
    about: dict[str, Any] = {
        "key": key,
        "example": example,
        "description": text,
        "presence": presence,
        **more,
    }
    row = Row(kind=str, rules=rules, required=needed, **about)
    return attrs.field(default=attrs.NOTHING if needed else None, metadata={Row: row})


def required(
    key: str, example: Any, text: str, *rules: Restriction | Condition, page: str | None = None
) -> Any:
    """A row that must be given: display key, example, description, rules."""
    return _row("required", key, example, text, *rules, page=page)


# Rows that may be left empty; `conditional` ones the page does not mark optional. They take what
# `required` takes, and `beyond`, `clearable`, `sent_as`, as in `Row`.
optional = partial(_row, "optional")
conditional = partial(_row, "conditional")


def path_id(key: str, example: str, text: str, resource: str) -> Any:
    """The row of a path's variable."""
    return required(key, example, text, reference(resource))


@attrs.frozen
class Spec:
    """Everything declared about an action; forms, manifests and requests derive from it."""

    id: str
    name: str
    summary: str
    description: str
    resource: str
    method: str
    path: str
    docs_url: str
    rows: tuple[Row, ...]
    answers: Mapping[str, Any]
    sends: Mapping[str, Any]
    destructive: bool
    entry: str

    @property
    def path_names(self) -> tuple[str, ...]:
        """The variables of the path, each of which is a required row."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def output_example(self) -> dict[str, Any]:
        """An example of Stripe's answer: a list for a GET of a collection, else one object."""
        known = RESOURCES.get(self.resource, Resource(f"{self.resource}_"))
        one = {"id": f"{known.prefix}123", "object": self.resource, **self.answers}
        is_list = self.method == "GET" and not self.path.endswith("}")
        return {"object": "list", "data": [one], "has_more": False} if is_list else one

    @property
    def fields(self) -> dict[str, Row]:
        """The rows by display key."""
        return {row.key: row for row in self.rows}

    @property
    def names(self) -> dict[str, str]:
        """Display key to parameter name."""
        return {row.key: row.name for row in self.rows}

    @property
    def hints(self) -> dict[str, bool]:
        """What a caller may expect: whether it only reads, destroys, can be repeated."""
        reads, updates = self.method == "GET", self.method == "POST" and bool(self.path_names)
        idempotent = reads or updates or self.method == "DELETE"
        return {"read_only": reads, "destructive": self.destructive, "idempotent": idempotent}

    @property
    def permission(self) -> str | None:
        """What a restricted key needs, such as `Products: Write`."""
        known = RESOURCES.get(self.resource)
        level = "Read" if self.method == "GET" else "Write"
        return f"{known.permission}: {level}" if known and known.permission else None

    def display_key(self, param: str | None, code: str | None = None) -> str | None:
        """The row that Stripe's `param` belongs to, nested paths included (`items[0][price]`)."""
        for part in (param or "", (param or "").partition("[")[0]):
            for row in self.rows:
                if part and part in (row.name, row.sent_as, (row.sent_as or "").partition("[")[0]):
                    return row.key
        in_path = [row.key for row in self.rows if row.name in self.path_names]
        return in_path[0] if in_path and code == "resource_missing" else None


class Action:
    """One action with its inputs; a subclass is a table of rows (see `action`).

    Made by `read` it is judged; made by its constructor it is judged when it is sent.
    """

    spec: ClassVar[Spec]

    @classmethod
    def read(cls, inputs: Mapping[str, Any], *, extra: Mapping[str, Any] = NOTHING) -> Self:
        """The action from a form's inputs, by display key or parameter name.

        Empty values (`None`, `""`, `{}`, `[]`) count as not given. `extra`: Stripe parameters sent
        beside the rows, which conditions may look at. Raises `InvalidInputs` with every problem.
        """
        clean, problems = cls.judge(inputs, extra=extra)
        if problems:
            raise InvalidInputs(problems, cls.spec.id)
        return cls(**clean)

    @classmethod
    def judge(
        cls, inputs: Mapping[str, Any], *, extra: Mapping[str, Any] = NOTHING
    ) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """The clean values by parameter name, and sentences about the others by display key."""
        given, problems = _by_display_key(cls.spec, inputs)
        clean, found = judge_table(cls.spec.fields, given, extra)
        for key, wrongs in found.items():
            problems.setdefault(key, []).extend(f"{key}{path} {wrong}." for path, wrong in wrongs)
        return {cls.spec.names[key]: value for key, value in clean.items()}, problems

    def inputs(self) -> dict[str, Any]:
        """What was given, by display key."""
        values = {row.key: getattr(self, row.name) for row in self.spec.rows}
        return {key: value for key, value in values.items() if not is_empty(value)}

    def warnings(self) -> dict[str, str]:
        """What looks wrong but may be right: IDs with the prefix of another resource."""
        found: dict[str, str] = {}
        for row in self.spec.rows:
            known, value = RESOURCES.get(row.resource or ""), getattr(self, row.name)
            others = tuple(other.prefix for other in RESOURCES.values() if other != known)
            if known and isinstance(value, str) and value.startswith(others):
                found[row.key] = (
                    f"{row.key} usually starts with {known.prefix}; got {shown(value)}."
                )
        return found

    def request(self, *, extra: Mapping[str, Any] = NOTHING) -> wire.Request:
        """The HTTP request: method, path and encoded pairs. Sends and judges nothing.

        Raises `InvalidInputs` if a value cannot be written down at all.
        """
        spec = self.spec
        in_path = {name: getattr(self, name) for name in spec.path_names}
        named = {row.name: row.sent_as or row.name for row in spec.rows if row.name not in in_path}
        given = {sent_as: getattr(self, name) for name, sent_as in named.items()}
        sent = {name: value for name, value in given.items() if not is_empty(value)}
        try:
            path = wire.fill(spec.path, in_path)
            return wire.Request(spec.method, path, wire.encode({**sent, **spec.sends, **extra}))
        except Refused as error:
            raise InvalidInputs({"inputs": [f"{spec.name}: {error}."]}, spec.id) from None


def _by_display_key(spec: Spec, inputs: Any) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Given inputs under their display keys; unknown keys and keys given twice are problems."""
    if not is_object(inputs):
        return {}, {"inputs": [f"Inputs must be an object of display keys; got {shown(inputs)}."]}
    keys = {name: key for key, name in spec.names.items()} | {key: key for key in spec.names}
    given: dict[str, Any] = {}
    problems: dict[str, list[str]] = {}
    for word, value in inputs.items():
        key = keys.get(str(word)) if word in keys else None
        if key is None:
            label = shown(word).strip('"')
            hint = near(word, spec.names) or f"; its inputs are {', '.join(spec.names)}"
            problems[label] = [f"{label} is not an input of {spec.name}{hint}."]
        elif not is_empty(value) and key in given:
            problems[key] = [f"{key} is given twice, as {key} and as {spec.names[key]}."]
        elif not is_empty(value):
            given[key] = CLEAR if value == "@clear" else value
    return given, problems


_A = TypeVar("_A", bound=Action)


@dataclass_transform(
    kw_only_default=True, frozen_default=True, field_specifiers=(required, path_id)
)
def action(
    endpoint: str,
    *,
    answers: Mapping[str, Any] = NOTHING,
    sends: Mapping[str, Any] = NOTHING,
    docs: str | None = None,
    destructive: bool | None = None,
) -> Callable[[type[_A]], type[_A]]:
    """Makes a class of rows an action.

    `endpoint` is `METHOD /path/{variable}`; `answers` what an example of the answer holds beside ID
    and object; `sends` what is always sent; `docs` its page below docs.stripe.com/api, if that is
    not the path and the verb of the name. A DELETE is destructive unless told otherwise.
    """

    def declare(cls: type[_A]) -> type[_A]:
        method, _, path = endpoint.partition(" ")
        summary, _, rest = (cls.__doc__ or "").strip().partition("\n")
        made = attrs.frozen(kw_only=True, slots=False)(cls)
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cls.__name__)
        collection = path.partition("{")[0].strip("/").removeprefix("v1/")
        made.spec = Spec(
            id=name.lower().replace(" ", "_"),
            name=name,
            summary=summary,
            description=" ".join([summary, *rest.split()]),
            resource=collection.replace("/", ".").removesuffix("s"),
            method=method,
            path=path,
            docs_url=f"{DOCS}/{docs or f'{collection}/{name.split()[0].lower()}'}",
            rows=_rows(made),
            answers=answers,
            sends=sends,
            destructive=method == "DELETE" if destructive is None else destructive,
            entry=f"{cls.__module__}:{cls.__qualname__}",
        )
        _check(made.spec)
        return made

    return declare


def _rows(cls: type[Any]) -> tuple[Row, ...]:
    hints = get_type_hints(cls)
    rows: list[Row] = []
    for attribute in attrs.fields(cls):
        row: Row | None = attribute.metadata.get(Row)
        if row is None:
            raise UsageError(f"{cls.__name__}.{attribute.name} is no row: use required or optional")
        hint = hints[attribute.name]
        kind = get_args(hint)[0] if get_origin(hint) is UnionType else hint
        rows.append(attrs.evolve(row, name=attribute.name, kind=kind))
    return tuple(rows)


def _check(spec: Spec) -> None:
    """A table that contradicts itself fails when it is declared, not when it is used."""
    if missing := set(spec.path_names) - {row.name for row in spec.rows if row.required}:
        raise UsageError(f"{spec.name}: {', '.join(missing)} is in the path but no required row")
    for row in spec.rows:
        labels = [label for rule in row.conditions for label in (*rule.when, *rule.unless)]
        if unknown := [
            label for label in labels if label not in spec.names and not label.islower()
        ]:
            raise UsageError(f"{spec.name} › {row.key}: there is no row {', '.join(unknown)}")

"""How is an object told in a line: what it is called, how much it is, and whose?"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from stripe_plugin.declare.currencies import written
from stripe_plugin.declare.label import label_of
from stripe_plugin.judge.values import is_object
from stripe_plugin.secrets import masked
from stripe_studio.words import spoken

Object = Mapping[str, Any]
# An ID → what a person knows that object by, or nothing.
Names = Callable[[str], str]
BETWEEN = " · "
# What stands for the amount, by what the object is.
AMOUNTS = {"invoice": "total", "checkout.session": "amount_total", "price": "unit_amount"}
# Fields by which a person knows one, the best first; they say whose it is, too.
WORDS = ("name", "nickname", "customer_name", "description", "customer_email", "email", "url")
# What Stripe writes as one word.
APART = {"invoiceitem": "invoice_item"}
WHOSE = ("customer_name", "customer_email", "name", "email")


@attrs.frozen
class Line:
    """An object as a row of a list."""

    id: str
    kind: str
    title: str
    status: str | None
    created: Any
    whose: str = ""

    @property
    def kind_words(self) -> str:
        """What it is, in words."""
        return kind_words(self.kind)


def nobody(_: str) -> str:
    """No names are known."""
    return ""


def line(obj: Object, template: str | None, names: Names = nobody) -> Line:
    """The row of an object; `template`: how its kind is called, as a resource says it."""
    status = obj.get("status")
    if obj.get("deleted") is True:
        status = "deleted"
    return Line(
        id=str(obj.get("id", "")),
        kind=str(obj.get("object", "")),
        title=title(obj, template),
        status=status if isinstance(status, str) else None,
        created=obj.get("created", obj.get("date")),
        whose=_of_customer(obj, names),
    )


def _of_customer(obj: Object, names: Names) -> str:
    """Whose it is, where it is a customer's."""
    return whose(obj, names) if obj.get("customer") else ""


def title(obj: Object, template: str | None) -> str:
    """What a person knows it by; its ID, where nothing says more."""
    label = label_of(obj, template) if template else ""
    parts = [_type(obj), amount(obj), known_by(obj)]
    if label:
        parts = label.split(BETWEEN)
    beside = obj.get("status")
    parts.append(refunded(obj))
    told = [part for part in parts if part and part != beside]
    identity = str(obj.get("id", ""))
    return masked(BETWEEN.join(told) or identity)


def amount(obj: Object) -> str:
    """How much it is: `25.00 USD`, or nothing."""
    kind = str(obj.get("object"))
    field = AMOUNTS.get(kind, "amount")
    value, currency = obj.get(field), obj.get("currency")
    if type(value) is not int or not isinstance(currency, str):
        return ""
    return written(value, currency)


def refunded(obj: Object) -> str:
    """How much of a charge was given back: `5.00 USD refunded`, or nothing."""
    value, currency = obj.get("amount_refunded"), obj.get("currency")
    if type(value) is not int or value == 0 or not isinstance(currency, str):
        return ""
    return f"{written(value, currency)} refunded"


def _type(obj: Object) -> str:
    """The type of an event; elsewhere it says little."""
    is_event = obj.get("object") == "event"
    return str(obj["type"]) if is_event else ""


def known_by(obj: Object) -> str:
    """The words by which a person knows it, if it has any."""
    return _first(obj, WORDS)


def _first(obj: Object, names: Sequence[str]) -> str:
    for name in names:
        text = obj.get(name)
        if isinstance(text, str) and text:
            return text
    return ""


def whose(obj: Object, names: Names) -> str:
    """Who pays, or who it is; an ID is looked up."""
    known = _first(obj, WHOSE)
    customer = obj.get("customer")
    if not known and isinstance(customer, str):
        known = names(customer) or customer
    return masked(known)


@attrs.frozen
class Happening:
    """An event in words: when, what, how much and whose, and about which object."""

    id: str
    at: Any
    type: str
    words: str
    about: str | None


def happening(event: Object, names: Names) -> Happening:
    """`invoice.paid`, `25.00 USD · Ann`."""
    data = event.get("data")
    inner = data.get("object") if is_object(data) else None
    about: Object = inner if is_object(inner) else {}
    parts = [amount(about), whose(about, names)]
    identity = about.get("id")
    return Happening(
        id=str(event.get("id", "")),
        at=event.get("created"),
        type=str(event.get("type", "")),
        words=BETWEEN.join(part for part in parts if part),
        about=identity if isinstance(identity, str) else None,
    )


def kind_words(kind: str) -> str:
    """What Stripe calls a kind, in words: `checkout.session` is Checkout session."""
    name = kind.rpartition("test_helpers.")[2]
    return spoken(APART.get(name, name))

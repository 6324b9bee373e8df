"""What is a Stripe resource?"""

import re
from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import attrs

from stripe_plugin.declare.label import check_template
from stripe_plugin.errors import Refused
from stripe_plugin.secrets import shown

# Where a browser shows an object: https://dashboard.stripe.com/test/products/prod_123,
# https://checkout.stripe.com/c/pay/cs_test_123#fid…
ADDRESS = re.compile(r"(?:https?://)?(?:dashboard|checkout)\.stripe\.com/([^?#]*).*", re.DOTALL)

NONE_DECLARED: Mapping[str, Any] = MappingProxyType({})
ONLY_ID: Mapping[str, str] = MappingProxyType({"id": "ID"})

# Every prefix that was declared, of whichever package: what an ID of another resource begins with.
_prefixes: set[str] = set()


def _words(resource: "Resource") -> str:
    parts = re.split("[._]", resource.object)
    return " ".join(parts)


def _template(_: object, __: object, label: str) -> None:
    check_template(label)


@attrs.frozen(kw_only=True)
class Resource:
    """A kind of Stripe object, as data. A package declares its own beside its actions."""

    #: What Stripe calls it in `object`, such as `checkout.session`.
    object: str = attrs.field(kw_only=False)
    #: How its IDs begin; None where accounts choose them freely, as for coupons.
    prefix: str | None = None
    #: What a restricted key needs, without Read or Write; None if Stripe names none.
    permission: str | None = None
    #: The ID of the action that lists it, to fill a dropdown; None if there is none.
    listed_by: str | None = None
    #: An ID that every account has in test mode, such as `pm_card_visa`; None if there is none.
    test_id: str | None = None
    #: What a person knows one by, as a template of its fields: `{name} · {email}`, as in label.py.
    label: str | None = attrs.field(default=None, validator=attrs.validators.optional(_template))
    #: Linked objects that the label has fields of, as paths to expand.
    label_expands: tuple[str, ...] = ()
    #: Filters of its list by which what was chosen before narrows a choice: `customer`.
    narrowed_by: tuple[str, ...] = ()
    #: Its pages below docs.stripe.com/api, such as `checkout/sessions`.
    docs: str | None = None
    #: Where its pages are below dashboard.stripe.com, such as `products`; None if it has none.
    dashboard: str | None = None
    #: Its icon, by the names of the Lucide set.
    icon: str | None = None
    #: The fields that people pick first, as paths in JMESPath with a label each:
    #: `{"id": "Price ID", "recurring.interval": "Billing Interval"}`.
    outputs: Mapping[str, str] = attrs.field(default=ONLY_ID, eq=False)
    #: Values that one can have together, for examples of answers; the rest is made by the document.
    example: Mapping[str, Any] = attrs.field(default=NONE_DECLARED, eq=False)
    #: Fields that are answered only to Expand, though the document lets them be null.
    on_demand: tuple[str, ...] = ()
    #: What a sentence calls it.
    words: str = attrs.field(default=attrs.Factory(_words, takes_self=True))

    def __attrs_post_init__(self) -> None:
        if self.prefix:
            _prefixes.add(self.prefix)

    @property
    def title(self) -> str:
        """What a heading calls it: `Invoice item`."""
        return self.words[:1].upper() + self.words[1:]

    @property
    def plural(self) -> str:
        """What a sentence calls several: `invoice items`."""
        return f"{self.words}s"

    @property
    def example_id(self) -> str:
        """An ID as in examples."""
        return f"{self.prefix or ''}123"

    @property
    def id_words(self) -> str:
        """How its IDs look, as a sentence goes on: `, which usually begins with prod_`."""
        begins = f", which usually begins with {self.prefix}" if self.prefix else ""
        test = f" (in test mode also {self.test_id})" if self.test_id else ""
        return f"{begins}{test}"

    def looks_foreign(self, identity: str) -> bool:
        """Whether an ID begins as those of another resource do."""
        if not self.prefix:
            return False
        fitting = [prefix for prefix in _prefixes if identity.startswith(prefix)]
        nearest = max(fitting, key=len, default=self.prefix)  # sub_sched_ is not sub_
        return nearest != self.prefix

    def id_in(self, pasted: str) -> str:
        """The ID in a pasted address of the Dashboard or of a payment page; else what was pasted.

        Raises `Refused` for an address without an ID of this resource, or with several.
        """
        address = ADDRESS.fullmatch(pasted)
        if address is None:
            return self._without_fragment(pasted)
        steps = address[1].split("/")
        beginning = {step for step in steps if self._begins(step)}
        found = beginning or self._placed(steps)
        if len(found) == 1:
            return found.pop()
        usual = f" (it begins with {self.prefix})" if self.prefix else ""
        what = "with more than one" if found else "without the"
        wrong = f"is an address {what} ID of the {self.words}: write the ID alone{usual}"
        raise Refused(f"{wrong}; got {shown(pasted)}", "reference")

    def _placed(self, steps: list[str]) -> set[str]:
        """What stands where IDs do in the Dashboard, for IDs that begin with anything."""
        if self.prefix or not self.dashboard:
            return set()
        behind = {step for place, step in pairwise(steps) if place == self.dashboard}
        return behind - {""}

    def _begins(self, step: str) -> bool:
        return bool(self.prefix) and step.startswith(str(self.prefix))

    def _without_fragment(self, pasted: str) -> str:
        """An ID without what a payment page's address has behind it: `cs_test_123#fid…`."""
        identity, fragment, _ = pasted.partition("#fid")
        return identity if fragment and self._begins(identity) else pasted

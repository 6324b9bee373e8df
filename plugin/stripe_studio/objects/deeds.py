"""What does a customer or a bank do, with which objects, by which button?

Each deed is a request to the emulator, mostly to one of its test helpers.
"""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

import attrs

from stripe_emulator.faults import Cut, TimedOut
from stripe_plugin.judge.places import found_at
from stripe_studio.objects.states import (
    ALIVE,
    ANSWERABLE,
    ASKED,
    OPEN,
    SUCCEEDED,
    TAKEN,
    THERE,
    State,
)
from stripe_studio.objects.told import Object
from stripe_studio.studio import Studio

Options = Sequence[tuple[str, str]]
KEY = "sk_test_emulator"  # any test key is welcome there
FORM = "application/x-www-form-urlencoded"
WRONG = 400  # a status from here on is a refusal
ONLY_THERE = "Only the emulator can do that."
BY_FAULT = "A fault that is on order has struck: see Faults. Whether it was done, the object tells."
HELPERS = "/v1/test_helpers"
GIVE_CARD = "Give it a card"
NOTHING: Mapping[str, str] = {}
PAYING: Options = (
    ("pm_card_visa", "Visa 4242: succeeds"),
    ("pm_card_mastercard", "Mastercard 4444: succeeds"),
    ("pm_card_chargeDeclined", "Visa 0002: declined"),
    ("pm_card_chargeDeclinedInsufficientFunds", "Visa 9995: insufficient funds"),
    ("pm_card_chargeDeclinedExpiredCard", "Visa 0069: expired"),
    ("pm_card_createDispute", "Visa 0259: succeeds, and is disputed"),
    ("pm_card_chargeCustomerFail", "Visa 0341: declined whenever it is charged"),
)
EXCHANGING: Options = (
    ("pm_card_chargeCustomerFail", "Visa 0341: declined whenever it is charged"),
    ("pm_card_authenticationRequired", "Visa 3155: the bank asks the payer"),
    ("pm_card_visa", "Visa 4242: succeeds"),
)
REASONS: Options = (
    ("fraudulent", "It was not me"),
    ("product_not_received", "It never came"),
    ("duplicate", "I was charged twice"),
    ("subscription_canceled", "I had canceled"),
)


@attrs.frozen(kw_only=True)
class Deed:
    """A button: on which objects it stands, and what it asks of the emulator."""

    label: str
    help: str
    on: str  # the kind
    when: State
    path: str  # `{}` is the ID
    of: str = "id"  # the field that has it
    given: Mapping[str, str] = attrs.field(default=NOTHING)
    choice: str = ""  # the parameter that a person chooses
    options: Options = ()
    is_bad: bool = False  # what a shop would rather not see
    first: str = ""  # the label where there is nothing yet
    has: Sequence[str] = ()  # the fields, one of which has it then

    def named(self, obj: Object) -> "Deed":
        """As it is called at an object."""
        has_it = any(found_at({**obj}, field) for field in self.has)
        return self if has_it or not self.first else attrs.evolve(self, label=self.first)

    def fits(self, obj: Object) -> bool:
        """Whether it can be done to an object as it is."""
        has_id = isinstance(obj.get(self.of), str)
        return self.is_on(obj) and has_id and self.when.holds(obj)

    def is_on(self, obj: Object) -> bool:
        """Whether it is something that can be done to objects of this kind."""
        return obj.get("object") == self.on


SESSION, INTENT = "/v1/checkout/sessions", f"{HELPERS}/payment_intents"
CHARGE, CUSTOMER = f"{HELPERS}/charges", f"{HELPERS}/customers"
EVIDENCE = "evidence[uncategorized_text]"

DEEDS: Mapping[str, Deed] = {
    "pay": Deed(
        label="Pay this session",
        help="As the customer does on the payment page.",
        on="checkout.session",
        when=OPEN,
        path=f"{HELPERS}/checkout/sessions/{{}}/complete",
        choice="payment_method",
        options=PAYING,
    ),
    "expire": Deed(
        label="Let it expire",
        help="As after the time in which nobody paid.",
        on="checkout.session",
        when=OPEN,
        path=f"{SESSION}/{{}}/expire",
        is_bad=True,
    ),
    "authenticate": Deed(
        label="Authenticate",
        help="The customer says yes to the bank: the payment goes on.",
        on="payment_intent",
        when=ASKED,
        path=f"{INTENT}/{{}}/authenticate",
        given={"outcome": "succeed"},
    ),
    "decline": Deed(
        label="Fail to authenticate",
        help="The customer says no to the bank, or nothing.",
        on="payment_intent",
        when=ASKED,
        path=f"{INTENT}/{{}}/authenticate",
        given={"outcome": "fail"},
        is_bad=True,
    ),
    "dispute-payment": Deed(
        label="Dispute this payment",
        help="The customer tells the bank that it was not right; the money is taken back.",
        on="payment_intent",
        when=SUCCEEDED,
        of="latest_charge",
        path=f"{CHARGE}/{{}}/dispute",
        choice="reason",
        options=REASONS,
        is_bad=True,
    ),
    "dispute": Deed(
        label="Dispute this charge",
        help="The customer tells the bank that it was not right; the money is taken back.",
        on="charge",
        when=TAKEN,
        path=f"{CHARGE}/{{}}/dispute",
        choice="reason",
        options=REASONS,
        is_bad=True,
    ),
    "win": Deed(
        label="Win it",
        help="Hand in evidence that convinces the bank.",
        on="dispute",
        when=ANSWERABLE,
        path="/v1/disputes/{}",
        given={EVIDENCE: "winning_evidence"},
    ),
    "lose": Deed(
        label="Lose it",
        help="Hand in evidence that does not convince the bank.",
        on="dispute",
        when=ANSWERABLE,
        path="/v1/disputes/{}",
        given={EVIDENCE: "losing_evidence"},
        is_bad=True,
    ),
    "give-in": Deed(
        label="Give in",
        help="Close it without an answer: it is lost.",
        on="dispute",
        when=ANSWERABLE,
        path="/v1/disputes/{}/close",
        is_bad=True,
    ),
    "exchange": Deed(
        label="Exchange the card",
        first=GIVE_CARD,
        has=("invoice_settings.default_payment_method", "default_source"),
        help="The customer, and every subscription, pays with this one from now on.",
        on="customer",
        when=THERE,
        path=f"{CUSTOMER}/{{}}/exchange_card",
        choice="payment_method",
        options=EXCHANGING,
    ),
    "fail-renewal": Deed(
        label="Fail the next renewal",
        help="The customer's card is exchanged for one that is declined whenever it is charged.",
        on="subscription",
        when=ALIVE,
        of="customer",
        path=f"{CUSTOMER}/{{}}/exchange_card",
        given={"payment_method": "pm_card_chargeCustomerFail"},
        is_bad=True,
    ),
}


def fitting(obj: Object) -> list[tuple[str, Deed]]:
    """The buttons of an object, by name."""
    names = [name for name in DEEDS if DEEDS[name].fits(obj)]
    return [(name, DEEDS[name].named(obj)) for name in names]


def waiting(obj: Object) -> list[Deed]:
    """What could be done to it if it were otherwise."""
    found = [deed for deed in DEEDS.values() if deed.is_on(obj)]
    return [deed for deed in found if not deed.fits(obj)]


def done(studio: Studio, deed: Deed, obj: Object, chosen: str) -> str | None:
    """Does it in the studio's emulator; tells why not, in Stripe's words."""
    emulator = studio.emulator
    if emulator is None:
        return ONLY_THERE
    identity = str(obj[deed.of])
    path = deed.path.format(quote(identity, safe=""))
    body = _body(deed, chosen)
    headers = _headers(studio.connection.account)
    try:
        answer = emulator.answer("POST", path, headers, body)
    except (Cut, TimedOut):
        return BY_FAULT
    return None if answer.status < WRONG else _refusal(answer.body)


def _body(deed: Deed, chosen: str) -> bytes:
    given = dict(deed.given)
    if deed.choice:
        given[deed.choice] = chosen
    return urlencode(given).encode()


def _headers(account: str | None) -> dict[str, str]:
    found = {"Authorization": f"Bearer {KEY}", "Content-Type": FORM}
    return found | {"Stripe-Account": account} if account else found


def _refusal(body: bytes) -> str:
    try:
        error = json.loads(body)["error"]
        return str(error["message"])
    except (ValueError, KeyError, TypeError):
        return BY_FAULT

"""What is a payment link: an address where anybody can buy the same, as often as they like?

Whoever follows it, on its page or by the test helper, gets a Checkout Session of its own.
"""

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, do, does, picked
from stripe_emulator.refusals import Json, Refusal, missing_parameter, without_nulls
from stripe_emulator.resources import checkout_item as items
from stripe_emulator.resources import checkout_session as sessions

declare(
    Resource(
        kind="payment_link",
        prefix="plink_1",
        path="/v1/payment_links",
        verbs="list create retrieve update open",
        own={"open": ""},
        elsewhere={"open": "/v1/test_helpers/payment_links"},
        lists={"line_items": "item"},
        starts="""active=true after_completion={"hosted_confirmation": {"custom_message": null},
            "type": "hosted_confirmation"} automatic_tax={"enabled": false, "liability": null}
            billing_address_collection="auto" currency customer_creation="if_required"
            custom_fields=[] _line_items=[] managed_payments={"enabled":false}
            payment_method_collection="always" phone_number_collection={"enabled":false}
            shipping_options=[] submit_type="auto"
            tax_id_collection={"enabled":false, "required": "never"} url """,
        absent="name_collection optional_items payment_method_options",
        on_demand="line_items",
        echoes="""active allow_promotion_codes automatic_tax.enabled=false
            billing_address_collection consent_collection custom_fields custom_text
            inactive_message managed_payments.enabled=false name_collection payment_method_types
            phone_number_collection shipping_address_collection submit_type tax_id_collection""",
        emits="created updated",
        in_path="payment_link",
    )
)

_READ = "after_completion customer_creation invoice_creation.enabled=false restrictions"
_PAYMENT = """description metadata setup_future_usage statement_descriptor
    statement_descriptor_suffix transfer_group"""
_SUBSCRIPTION = "invoice_settings.issuer.type=self metadata trial_period_days trial_settings"
_ONCE = "adjustable_quantity price price_data quantity"
_OF_SUBSCRIPTIONS: Json = {
    "description": None,
    "invoice_settings": {"issuer": {"type": "self"}},
    "metadata": {},
    "trial_period_days": None,
    "trial_settings": None,
}
# what a session is opened with as it stands in the link
_SHOWN = """allow_promotion_codes billing_address_collection consent_collection currency
    custom_fields custom_text metadata name_collection phone_number_collection
    shipping_address_collection submit_type tax_id_collection"""
_DATA = ("payment_intent_data", "subscription_data")
_ONLY_IN = {"payment": "customer_creation", "subscription": "payment_method_collection"}
_CLOSED = "This link is no longer active."


@does(
    "payment_link.create",
    f"currency payment_method_collection {_READ}",
    line_items=_ONCE,
    payment_intent_data=f"capture_method {_PAYMENT}",
    subscription_data=f"description {_SUBSCRIPTION}",
)
def create(account: Account, link: Json, given: Given) -> Json:
    """Make a link; what no session could be opened with is refused at once."""
    link["_line_items"] = [
        items.of_wanted(account, wanted, f"line_items[{index}]")
        for index, wanted in enumerate(given["line_items"])
    ]
    first = link["_line_items"][0]
    link["currency"] = link["currency"] or first["currency"]
    if _mode(account, link) == "payment":
        link["invoice_creation"] = sessions.invoice_creation(enabled=False)
    else:
        link["customer_creation"] = given.get("customer_creation", "always")
        link["subscription_data"] = _OF_SUBSCRIPTIONS | given.get("subscription_data", {})
    link["url"] = f"{account.pages}/buy/{link['id']}"
    _take(link, given)
    account.create(link)
    _try(account, link, given)
    return link


def _mode(account: Account, link: Json) -> str:
    """Links with a recurring price make subscriptions."""
    for line in link["_line_items"]:
        price = account.need("price", line["price"])
        if price["type"] == "recurring":
            return "subscription"
    return "payment"


def _take(link: Json, given: Json) -> None:
    """Take what is shown in another way than it is given."""
    if "after_completion" in given:
        _check_after(given["after_completion"])
        link["after_completion"] = given["after_completion"]
    if given.get("restrictions"):
        limit = given["restrictions"]["completed_sessions"]["limit"]
        link["restrictions"] = _restrictions(link, limit)
    for name in _DATA:
        if link[name]:
            link[name] = {"metadata": {}} | link[name]


def _check_after(after: Json) -> None:
    if after["type"] == "redirect" and "redirect" not in after:
        raise missing_parameter("after_completion[redirect]")


def _restrictions(link: Json, limit: int) -> Json:
    count = link.get("_count", 0)
    return {"completed_sessions": {"count": count, "limit": limit}}


def _try(account: Account, link: Json, given: Json) -> None:
    """Open it, and undo that: Stripe's refusals of a session are those of its link."""
    with account.undone():
        _opened(account, link, picked(given, "payment_intent_data subscription_data"))


@does(
    "payment_link.update",
    f"payment_method_collection {_READ}",
    line_items="adjustable_quantity id quantity",
    payment_intent_data=_PAYMENT,
    subscription_data=_SUBSCRIPTION,
)
def update(account: Account, link: Json, given: Given) -> Json:
    """Change a link, or close it; sessions that are open stay as they are."""
    lines = {line["id"]: line for line in given.before["_line_items"]}
    for index, wanted in enumerate(given.get("line_items", ())):
        path = f"line_items[{index}]"
        changed = items.changed(account, given.before["_line_items"], wanted, path)
        lines[changed["id"]] = changed
    link["_line_items"] = [*lines.values()]
    _take(link, given)
    account.change(link, given.before)
    _try(account, link, given)
    return link


@does("payment_link.open")
def open_(account: Account, link: Json, _given: Given) -> Json:
    """Make the Checkout Session of somebody who follows the link."""
    if not link["active"]:
        raise Refusal(link["inactive_message"] or _CLOSED)
    return _opened(account, link, {})


def _opened(account: Account, link: Json, given: Json) -> Json:
    mode = _mode(account, link)
    shown = picked(link, f"{_SHOWN} {_ONLY_IN[mode]}")
    after = link["after_completion"]
    url = after["redirect"]["url"] if after["type"] == "redirect" else None
    asked = {"mode": mode, "success_url": url, **shown}
    session = account.new("checkout.session", payment_link=link["id"], **asked)
    asked["line_items"] = [_again(line) for line in link["_line_items"]]
    for name in _DATA:
        if name in given or link[name]:
            asked[name] = _said(link[name])
    if link["payment_method_types"]:
        asked["payment_method_types"] = link["payment_method_types"]
    return do("checkout.session.create", account, session, asked)


def _again(line: Json) -> Json:
    """What is asked for by a line that was made."""
    wanted = picked(line, "price quantity adjustable_quantity")
    return {**without_nulls(wanted), "inline": True}


def _said(data: Json | None) -> Json:
    """What of shown data was given."""
    shown: Json = data or {}
    return {name: value for name, value in shown.items() if value}


@does("payment_link.sold")
def sold(account: Account, link: Json, _given: Given) -> Json:
    """Count a session that was completed; the last one that is allowed closes the link."""
    before = dict(link)
    link["_count"] = link.get("_count", 0) + 1
    if link["restrictions"]:
        limit = link["restrictions"]["completed_sessions"]["limit"]
        link["restrictions"] = _restrictions(link, limit)
        link["active"] = link["active"] and link["_count"] < limit
    return account.change(link, before)

"""What is a session of the customer portal: a link by which one customer gets in?

What customers do there is not simulated; the page behind the link says so.
"""

from stripe_emulator import contract, refusals
from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare, empty_object
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.refusals import Json

_KIND = "billing_portal.session"
declare(
    Resource(
        kind=_KIND,
        prefix="bps_1",
        path="/v1/billing_portal/sessions",
        verbs="create",
        starts='configuration="bpc_1Emulator"',
        echoes="locale return_url",
    )
)

_PLACES = "subscription_cancel subscription_update subscription_update_confirm"
_LANDS: Json = {"hosted_confirmation": None, "redirect": None, "type": "portal_homepage"}


@does(f"{_KIND}.create", "customer", flow_data=f"after_completion {_PLACES} type")
def create(account: Account, session: Json, given: Given) -> Json:
    """Make a link for a customer, to the portal or straight to one thing to do there."""
    if "customer" not in given:
        raise refusals.missing_parameter("customer")
    if "flow_data" in given:
        session["flow"] = _flow(given["flow_data"])
    session["url"] = f"{account.pages}/portal/{session['id']}"
    return account.create(session)


def _flow(data: Json) -> Json:
    after = _LANDS | data.get("after_completion", {})
    empty = empty_object(contract.of_kind("portal_flows_flow"))
    return empty | data | {"after_completion": after}

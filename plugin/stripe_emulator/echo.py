"""What does the emulator only keep and show, and says so: resources without a file of their own?

Their parameters, fields and types are the API document's; values that nobody sent are those of
Stripe's examples on the object's page (docs.stripe.com/api), and so are the beginnings of the IDs.
Nothing here computes an amount or acts on anything else: every answer has the header
`Emulated: echo`. A file in `resources/` takes a kind away from here.
"""

from stripe_emulator import present
from stripe_emulator.account import Account
from stripe_emulator.declare import RESOURCES, Endpoint, Resource, declare
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.message import Headers
from stripe_emulator.refusals import Json

_ACTIVE, _INACTIVE = "json_extract(body, '$.active') = 1", "json_extract(body, '$.active') = 0"
_PORTAL_FEATURES = """{
    "customer_update": {"allowed_updates": [], "enabled": false},
    "invoice_history": {"enabled": false},
    "payment_method_update": {"enabled": false, "payment_method_configuration": null},
    "subscription_cancel": {
        "cancellation_reason": {
            "enabled": false,
            "options": ["too_expensive", "missing_features", "switched_service", "unused", "other"]
        },
        "enabled": false,
        "mode": "at_period_end",
        "proration_behavior": "none"
    },
    "subscription_update": {
        "billing_cycle_anchor": null,
        "default_allowed_updates": [],
        "enabled": false,
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial"
    }
}"""

ECHOED = (
    Resource(
        kind="apple_pay_domain",
        prefix="apwc_1",
        path="/v1/apple_pay/domains",
        verbs="list create retrieve delete",
        echoes="domain_name",
        in_path="domain",
    ),
    Resource(
        kind="billing_portal.configuration",
        prefix="bpc_1",
        path="/v1/billing_portal/configurations",
        verbs="list create retrieve update",
        starts=f"active=true features={_PORTAL_FEATURES}",
        echoes="""active business_profile default_return_url features.customer_update
            features.invoice_history features.payment_method_update.enabled
            features.subscription_cancel.cancellation_reason.enabled
            features.subscription_cancel.cancellation_reason.options
            features.subscription_cancel.enabled features.subscription_cancel.mode
            features.subscription_cancel.proration_behavior
            features.subscription_update.billing_cycle_anchor
            features.subscription_update.default_allowed_updates
            features.subscription_update.enabled features.subscription_update.proration_behavior
            features.subscription_update.trial_update_behavior login_page.enabled=false name""",
        emits="created updated",
        called="configuration",
        in_path="configuration",
    ),
    Resource(
        kind="entitlements.feature",
        prefix="feat_test_",
        path="/v1/entitlements/features",
        verbs="list create retrieve update",
        starts="active=true",
        echoes="active lookup_key name",
        # Inactive ones are listed only where they are asked for.
        conditions={"archived=": _ACTIVE, "archived=False": _ACTIVE, "archived=True": _INACTIVE},
    ),
    Resource(
        kind="radar.value_list",
        prefix="rsl_1",
        path="/v1/radar/value_lists",
        verbs="list create retrieve update delete",
        starts='created_by="API" item_type="string"',
        echoes="alias item_type name",
        in_path="value_list",
    ),
    Resource(
        kind="radar.value_list_item",
        prefix="rsli_1",
        path="/v1/radar/value_list_items",
        verbs="list create retrieve delete",
        starts='created_by="API"',
        echoes="value value_list",
        in_path="item",
    ),
    Resource(
        kind="terminal.configuration",
        prefix="tmc_",
        size=14,
        path="/v1/terminal/configurations",
        verbs="list create retrieve update delete",
        starts="is_account_default=false",
        absent="cellular offline reboot_window tipping wifi",
        echoes="cellular name offline reboot_window tipping wifi",
        in_path="configuration",
        remembered=True,
    ),
    Resource(
        kind="terminal.location",
        prefix="tml_",
        size=14,
        path="/v1/terminal/locations",
        verbs="list create retrieve update delete",
        needs={"create": "address display_name"},
        absent="""address_kana address_kanji configuration_overrides display_name_kana
            display_name_kanji phone""",
        echoes="""address address_kana address_kanji configuration_overrides display_name
            display_name_kana display_name_kanji phone""",
        in_path="location",
        remembered=True,
    ),
)


def load() -> None:
    """Declare those that have no file of their own."""
    for resource in ECHOED:
        if resource.kind not in RESOURCES:
            declare(resource)


def headers(endpoint: Endpoint) -> Headers:
    """What answers say of themselves."""
    return {"Emulated": "echo"} if endpoint.resource in ECHOED else {}


def listed() -> dict[str, str]:
    """The verbs of each kind that is only kept and shown, by the path."""
    here = [each for each in ECHOED if RESOURCES.get(each.kind) is each]
    return {each.path: each.verbs for each in here}


@does("billing_portal.configuration.update")
def update_portal(account: Account, configuration: Json, given: Given) -> Json:
    """Change a configuration, and tell when."""
    configuration["updated"] = account.now
    return account.change(configuration, given.before)


@does("radar.value_list.delete")
def delete_list(account: Account, values: Json, _given: Given) -> Json:
    """Delete a list, and what is on it."""
    for item in _items(account, values):
        account.delete(item)
    return account.delete(values)


@present.shows("radar.value_list")
def show_list(account: Account, values: Json, view: Json) -> None:
    """Show the newest of what is on a list."""
    rows = _items(account, values)
    url = f"/v1/radar/value_list_items?value_list={values['id']}"
    view["list_items"] = present.first(account, rows, url, total_count=len(rows))


def _items(account: Account, values: Json) -> list[Json]:
    return account.find("radar.value_list_item", value_list=values["id"])

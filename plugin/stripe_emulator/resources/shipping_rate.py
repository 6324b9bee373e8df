"""What is a shipping rate: what sending costs, and how long it takes?"""

from stripe_emulator import refusals
from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.refusals import Json

declare(
    Resource(
        kind="shipping_rate",
        prefix="shr_1",
        path="/v1/shipping_rates",
        verbs="list create retrieve update",
        needs={"create": "fixed_amount"},
        starts='active=true fixed_amount tax_behavior="unspecified" type="fixed_amount"',
        echoes="""active delivery_estimate display_name fixed_amount.amount fixed_amount.currency
            tax_behavior tax_code type""",
        in_path="shipping_rate_token",
        looks_at={"currency": "fixed_amount.currency"},
    )
)


def of_option(account: Account, option: Json, path: str) -> Json:
    """Find the rate that an option of a Checkout Session names, or make one of its data."""
    if id_ := option.get("shipping_rate"):
        return account.need("shipping_rate", id_, f"{path}[shipping_rate]")
    data: Json = option.get("shipping_rate_data", {})
    if "fixed_amount" not in data:
        raise refusals.missing_parameter(f"{path}[shipping_rate_data][fixed_amount]")
    return account.create(account.new("shipping_rate", **data))

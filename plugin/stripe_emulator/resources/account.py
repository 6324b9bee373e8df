"""What is an account: whose are the objects that a request sees?"""

from stripe_emulator import contract, refusals
from stripe_emulator.account import OWN, OWN_ID, Account
from stripe_emulator.declare import Resource, declare, empty_object
from stripe_emulator.lifecycle import SHARED, Given, Shared, does
from stripe_emulator.refusals import Json

declare(
    Resource(
        kind="account",
        prefix="acct_1",
        path="/v1/accounts",
        verbs="list own retrieve",  # the list is of connected ones, and there are none
        elsewhere={"own": "/v1/account"},
        starts="""capabilities={"card_payments": "active", "transfers": "active"}
            charges_enabled=true country="US" default_currency="usd" details_submitted=true
            email="emulator@example.com" payouts_enabled=true type="standard" """,
        in_path="account",
    )
)

_NAME = "Emulator"


@does("account.own")
def own(account: Account, shown: Json, _given: Given) -> Json:
    """Show the account of the request."""
    settings = empty_object(contract.of_kind("account_settings"))
    settings["dashboard"] |= {"display_name": _NAME, "timezone": "Etc/UTC"}
    return shown | {"id": _id_of(account), "settings": settings}


def _id_of(account: Account) -> str:
    return OWN_ID if account.name == OWN else account.name


def _find(account: Account, id_: str) -> Json:
    if id_ != _id_of(account):
        raise refusals.not_simulated("another account than that of the request", "account")
    fresh = account.new("account")
    return own(account, fresh, Given({}, {}))


SHARED["account"] = Shared(exists=lambda id_: id_.startswith("acct_"), find=_find)

"""Does dj-stripe keep all objects of an account, if the account is the emulator?

The newest one is installed into an environment of its own, and keeps them in SQLite.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
from hosts.crashes import environment

from stripe_emulator import Emulator, EmulatorTransport, serve

SYNC = Path(__file__).resolve().parent / "djstripe" / "sync.py"
KEY = {"Authorization": "Bearer sk_test_00000000000000000000000000"}
CARD = "pm_card_visa"
# Each model of dj-stripe, and the list of what it is to keep.
MODELS = {
    "Product": "products",
    "Price": "prices",
    "Customer": "customers",
    "PaymentMethod": "payment_methods",
    "Subscription": "subscriptions",
    "Invoice": "invoices",
    "PaymentIntent": "payment_intents",
    "Charge": "charges",
    "Refund": "refunds",
    "BalanceTransaction": "balance_transactions",
    "Session": "checkout/sessions",
    "Event": "events",
}


class Account:
    """An account in which everything has happened once."""

    def __init__(self, world: Emulator) -> None:
        self.api = httpx.Client(
            transport=EmulatorTransport(world), base_url="http://emulator/v1/", headers=KEY
        )

    def made(self, path: str, **given: str) -> Any:
        """The answer to a POST that must work; `items__0__price` is `items[0][price]`."""
        form = {bracketed(name): value for name, value in given.items()}
        reply = self.api.post(path, data=form)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def ids(self, path: str) -> list[str]:
        """What a list has, in the order of the IDs."""
        rows = self.api.get(path, params={"limit": 100}).raise_for_status().json()["data"]
        return sorted(row["id"] for row in rows)

    def live(self) -> None:
        """A customer subscribes, pays, is refunded, and goes to a checkout."""
        box = {"currency": "usd", "product_data__name": "Box"}
        monthly = self.made("prices", **box, unit_amount="1000", recurring__interval="month")
        once = self.made("prices", **box, unit_amount="700")
        settings = {"invoice_settings__default_payment_method": CARD}
        customer = self.made("customers", email="a@example.com", payment_method=CARD, **settings)
        self.made("subscriptions", customer=customer["id"], items__0__price=monthly["id"])
        card = customer["invoice_settings"]["default_payment_method"]
        paid = self.made(
            "payment_intents",
            amount="2000",
            currency="usd",
            customer=customer["id"],
            payment_method=card,
            confirm="true",
            return_url="https://a.example",
        )
        self.made("refunds", payment_intent=paid["id"], amount="500")
        self.made(
            "checkout/sessions",
            mode="payment",
            success_url="https://a.example",
            line_items__0__price=once["id"],
            line_items__0__quantity="1",
        )


def bracketed(name: str) -> str:
    """A name as Stripe's forms have it."""
    first, *inner = name.split("__")
    return first + "".join(f"[{each}]" for each in inner)


def synced(address: str, programs: Path) -> dict[str, Any]:
    """What dj-stripe has kept: IDs by model, or a text that says what went wrong."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("STRIPE_")}
    with tempfile.TemporaryDirectory() as folder:
        command = [str(programs / "python"), str(SYNC), address, folder, *MODELS]
        env = {**clean, "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Tells of each model whether all its objects are kept."""
    programs = environment("djstripe", "--upgrade", "dj-stripe")
    version = "from importlib.metadata import version; print(version('dj-stripe'))"
    newest = subprocess.check_output([programs / "python", "-c", version], text=True).strip()
    with Emulator() as world, serve(world) as server:
        account = Account(world)
        account.live()
        world.advance(60)  # what the balance got comes a moment later
        kept = synced(server.url, programs)
        wanted = {name: account.ids(path) for name, path in MODELS.items()}
    failed = {name: kept[name] for name in MODELS if kept[name] != wanted[name] or not wanted[name]}
    for name, found in failed.items():
        print(f"{name}: {found}\n  wanted {wanted[name]}")
    print(f"dj-stripe {newest}: {len(MODELS) - len(failed)} of {len(MODELS)} kinds are kept whole")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())

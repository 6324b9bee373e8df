"""What can be expanded, and that expanding one thing never takes another away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator.answers import schema_of
from emulator.conftest import Caller
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from stripe_emulator import Emulator, contract, expand
from stripe_emulator.declare import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stripe_emulator.contract import Said

DEEPEST = 3
KINDS = ["customer", "subscription", "invoice", "checkout.session", "payment_intent", "charge"]


def documented(said: Mapping[str, Said], above: str = "", level: int = 1) -> Iterator[str]:
    """Every path that the API document lets be expanded."""
    for name, each in said.items():
        if each.is_object:
            path = f"{above}{name}"
            yield path
            if level < DEEPEST:
                yield from documented(below(each), f"{path}.", level + 1)


def below(said: Said) -> dict[str, Said]:
    """What stands in a field, of any of its kinds."""
    return dict(contract.below(said))


def paths(kind: str) -> list[str]:
    """What can be expanded of a kind."""
    resource = RESOURCES[kind]
    return sorted({*documented(resource.fields), *resource.on_demand.split()})


PATHS = {kind: paths(kind) for kind in KINDS}


@pytest.fixture(scope="module")
def objects() -> Iterator[tuple[Caller, dict[str, str]]]:
    """A world, and where it has one of each kind."""
    with Emulator() as world:
        api = Caller(world)
        payer = api.payer()
        monthly = api.price(monthly=True)["id"]
        lines = [{"price": monthly, "quantity": 2}]
        subscribed = api.made(
            "/v1/subscriptions", customer=payer["id"], items=lines,
            payment_behavior="default_incomplete",
        )  # fmt: skip
        paid = api.paid(900, customer=payer["id"])
        session = api.made(
            "/v1/checkout/sessions", mode="subscription", success_url="https://a.example",
            line_items=lines, customer=payer["id"],
        )  # fmt: skip
        yield (
            api,
            {
                "customer": f"/v1/customers/{payer['id']}",
                "subscription": f"/v1/subscriptions/{subscribed['id']}",
                "invoice": f"/v1/invoices/{subscribed['latest_invoice']}",
                "checkout.session": f"/v1/checkout/sessions/{session['id']}",
                "payment_intent": f"/v1/payment_intents/{paid['id']}",
                "charge": f"/v1/charges/{paid['latest_charge']}",
            },
        )


@pytest.mark.parametrize("kind", RESOURCES)
def test_what_the_document_expands_may_be_asked_for(kind: str) -> None:
    """Of every resource, every path is taken, alone and below `data`."""
    for path in paths(kind):
        assert expand.tree(kind, {"expand": [path]}, pages=False)
        assert expand.tree(kind, {"expand": [f"data.{path}"]}, pages=True)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_document_expands_is_expanded(objects: Any, kind: str) -> None:
    """Every path that the API document lets be expanded is taken, and nothing else is."""
    api, where = objects
    for path in PATHS[kind]:
        answer = api.get(where[kind], expand=[path])
        assert answer.status == 200, path
        if "." not in path:
            wrong = Draft202012Validator(schema_of("GET", where[kind]) or {}).iter_errors(
                answer.data
            )
            assert [f"{error.json_path}: {error.message[:200]}" for error in wrong] == [], path
    for path in ("id", "object", "livemode", "created", "nothing", "metadata", "a.b"):
        assert "cannot be expanded" in api.get(where[kind], expand=[path]).error["message"]


@given(data=st.data(), kind=st.sampled_from(KINDS))
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_the_order_of_paths_does_not_matter(objects: Any, data: Any, kind: str) -> None:
    """Two paths expand the same in both orders, and together all that each expands alone."""
    api, where = objects
    one, other = data.draw(st.tuples(*[st.sampled_from(PATHS[kind])] * 2))
    both = api.get(where[kind], expand=[one, other]).data
    assert both == api.get(where[kind], expand=[other, one]).data
    for alone in (one, other):
        assert covers(both, api.get(where[kind], expand=[alone]).data), alone


def covers(whole: Any, part: Any) -> bool:
    """Whether everything of the part is there, or what stands for it as an ID is an object."""
    if isinstance(part, dict):
        return part.keys() <= whole.keys() and all(covers(whole[k], v) for k, v in part.items())
    if isinstance(part, list):
        return len(part) == len(whole) and all(map(covers, whole, part))
    return bool(whole == part or (isinstance(whole, dict) and whole.get("id") == part))


def test_payments_and_secret_of_the_latest_invoice(objects: Any) -> None:
    """Payments, confirmation secret and the invoice itself are shown side by side."""
    api, where = objects
    paths = ["latest_invoice.payments", "latest_invoice", "latest_invoice.confirmation_secret"]
    invoice = api.get(where["subscription"], expand=paths)["latest_invoice"]
    assert invoice["payments"]["object"] == "list"
    assert invoice["confirmation_secret"]["client_secret"].startswith("pi_")


def test_lists_expand_below_data(objects: Any) -> None:
    """On lists every path starts with `data`, and fields shown on demand come there too."""
    api, where = objects
    found = api.get("/v1/customers", expand=["data.subscriptions", "data.invoice_credit_balance"])
    [customer] = [row for row in found["data"] if where["customer"].endswith(row["id"])]
    assert [row["object"] for row in customer["subscriptions"]["data"]] == ["subscription"]
    assert customer["invoice_credit_balance"] == {}

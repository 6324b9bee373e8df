"""A class for an endpoint of Stripe's is drafted in house style, for a person to word."""

import importlib
import re
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from stripe_plugin import UsageError
from stripe_plugin.declare import contract

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = runpy.run_path(str(ROOT / "manifests" / "draft.py"), run_name="draft")

ENDPOINTS = {
    "POST /v1/coupons": "Create Coupon",
    "GET /v1/coupons": "List Coupons",
    "GET /v1/coupons/{coupon}": "Retrieve Coupon",
    "POST /v1/coupons/{coupon}": "Update Coupon",
    "GET /v1/payment_links": "List Payment Links",
    "DELETE /v1/coupons/{coupon}": "Delete Coupon",
    "POST /v1/payment_intents/{intent}/capture": "Capture Payment Intent",
    "POST /v1/customers/{customer}/tax_ids": "Create Tax Id",
    "POST /v1/payment_links": "Create Payment Link",
    "POST /v1/checkout/sessions": "Create Checkout Session",
    "POST /v1/accounts": "Create Account",
    "POST /v1/reporting/report_runs": "Create Reporting Report Run",
    "POST /v1/subscription_schedules/{schedule}": "Update Subscription Schedule",
}


MISSING = re.compile(r"# There is no (\w+) in stripe_nodes/resources.py yet: see Adding a resource")


def imported(draft: Any, folder: Path) -> ModuleType:
    """A module of what is printed; the resources that are said to be missing are declared."""
    made = [f'{word} = Resource("{word.lower()}")' for word in MISSING.findall(draft.imports)]
    new = ["from stripe_plugin import Resource", *made] if made else []
    (folder / "drafted.py").write_text("\n".join([draft.imports, *new, draft.text]), "utf-8")
    importlib.invalidate_caches()
    return importlib.import_module("drafted")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_draft_is_an_action(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The class of an endpoint is one that can be imported, with a row for each parameter."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "drafted", raising=False)
    draft = SCRIPT["Draft"](*endpoint.split())
    spec = getattr(imported(draft, tmp_path), draft.name).spec
    known = contract.operation(spec.method, spec.path)
    assert known
    assert spec.name == ENDPOINTS[endpoint]
    shapes = {**known.parameters, **known.path}
    wanted = {word: shape.required for word, shape in shapes.items() if word != "expand"}
    found = {row.steps[0]: row.required for row in spec.rows if not row.local}
    assert {word: found[word] for word in found if word != "expand"} == wanted


def test_a_resource_that_is_not_there_yet_is_told() -> None:
    """A draft about an unknown resource points at how one is added; one about a known is silent."""
    assert MISSING.findall(SCRIPT["Draft"]("GET", "/v1/payouts").imports) == ["PAYOUT"]
    assert MISSING.findall(SCRIPT["Draft"]("GET", "/v1/coupons").imports) == []


def test_a_search_is_drafted_as_one() -> None:
    """Its query and its pages are those of all searches; its conditions nobody documents."""
    lines = SCRIPT["Draft"]("GET", "/v1/charges/search").text.splitlines()
    assert lines[0].endswith("CHARGE, answers=Found())")
    assert lines[1] == "class SearchCharges(Searched):"
    assert not [line for line in lines if "optional(" in line or "required(" in line]


def test_what_a_person_must_write_is_marked() -> None:
    """Every description stands in marks, and no row claims words that nobody wrote."""
    text = SCRIPT["Draft"]("POST", "/v1/coupons").text
    rows_of_it = [line for line in text.splitlines() if "= optional(" in line]
    assert rows_of_it
    assert all('"«what it is»"' in line for line in rows_of_it)
    assert '"""«What it does, in one sentence.»"""' in text


def test_an_endpoint_that_stripe_has_not_is_named() -> None:
    """A draft of an unknown endpoint is refused in words."""
    with pytest.raises(UsageError, match="has no POST /v1/nothing"):
        SCRIPT["Draft"]("POST", "/v1/nothing")

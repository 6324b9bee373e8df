"""A class for an endpoint of Stripe's is drafted in house style, for a person to word."""

import importlib
import re
import runpy
import sys
from pathlib import Path
from types import ModuleType

import pytest

from stripe_nodes import resources
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
    "POST /v1/subscription_schedules/{schedule}": "Update Subscription Schedule",
}


HEAD = """
from decimal import Decimal
from typing import Any
from stripe_nodes import rows, rules
from stripe_nodes.lists import Dated, Listed
from stripe_nodes.resources import *
from stripe_plugin import (
    Action, Deleted, One, Page, Resource, action, optional, path_id, required, rule
)
"""
RESOURCE = re.compile(r"\b[A-Z][A-Z_]{3,}\b")


def imported(draft: str, folder: Path) -> ModuleType:
    """A module with a draft; the resources that are not there yet are declared before it."""
    code = re.sub(r'"[^"\n]*"', "", draft)
    made = [f'{word} = Resource("{word.lower()}")' for word in {*RESOURCE.findall(code)}]
    new = [line for line in made if line.split()[0] not in vars(resources)]
    (folder / "drafted.py").write_text("\n".join([HEAD, *new, draft]), "utf-8")
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
    spec = getattr(imported(draft.text, tmp_path), draft.name).spec
    known = contract.operation(spec.method, spec.path)
    assert known
    assert spec.name == ENDPOINTS[endpoint]
    shapes = {**known.parameters, **known.path}
    wanted = {word: shape.required for word, shape in shapes.items() if word != "expand"}
    found = {row.steps[0]: row.required for row in spec.rows if not row.local}
    assert {word: found[word] for word in found if word != "expand"} == wanted


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

"""What the tests share: the actions, inputs that are right for each, the reference beside them."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import stripe_nodes
from stripe_plugin import Action, InvalidInputs

REPOSITORY = Path(__file__).resolve().parents[1]
REFERENCE = REPOSITORY.parent / "shared" / "reference"

ACTIONS: dict[str, type[Action]] = {found.spec.id: found for found in stripe_nodes.actions()}
BY_NAME = {found.spec.name: found for found in ACTIONS.values()}
LISTS = tuple(name for name in ACTIONS if name.startswith("list_"))

# The examples of an action's rows, sent together, break rules in some actions: these are left out …
LEFT_OUT: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(LISTS, ("Ending Before",)),
    "create_price": ("Product Data",),
    "create_invoice": ("Due Date",),
    "update_invoice": ("Due Date",),
    "create_subscription": ("Days Until Due",),
    "refund_payment": ("Charge ID",),
    "create_checkout_session": ("Customer Email", "Subscription Data"),
    "create_invoice_item": ("Amount", "Currency"),
}
# … and these are given instead.
INSTEAD: Mapping[str, Mapping[str, Any]] = {"create_invoice": {"Collection Method": "send_invoice"}}
# The fewest inputs of the actions whose required rows are not enough.
BESIDE_REQUIRED: Mapping[str, Mapping[str, Any]] = {
    "create_price": {"Product": "prod_123", "Unit Amount": 1000},
    "refund_payment": {"Payment Intent ID": "pi_123"},
    "create_checkout_session": {"Line Items": [{"price": "price_123", "quantity": 1}]},
    "create_invoice_item": {"Customer": "cus_123", "Price": "price_123"},
}


def right(action_id: str) -> dict[str, Any]:
    """Inputs that fill as many rows of an action as may be filled together."""
    rows = ACTIONS[action_id].spec.rows
    examples = {row.key: row.example for row in rows if row.key not in LEFT_OUT.get(action_id, ())}
    return {**examples, **INSTEAD.get(action_id, {})}


def fewest(action_id: str) -> dict[str, Any]:
    """As few inputs as an action takes."""
    needed = {row.key: row.example for row in ACTIONS[action_id].spec.rows if row.required}
    return {**needed, **BESIDE_REQUIRED.get(action_id, {})}


def made(action_id: str, inputs: Mapping[str, Any] | None = None) -> Action:
    """An action that was read from inputs: those given, or all that may be filled."""
    return ACTIONS[action_id].read(right(action_id) if inputs is None else inputs)


def refusal(
    action_id: str, inputs: Mapping[str, Any], extra: Mapping[str, Any] | None = None
) -> dict[str, list[str]]:
    """The problems that refuse these inputs; none if they are taken."""
    try:
        ACTIONS[action_id].read(inputs, extra=extra or {})
    except InvalidInputs as error:
        return error.problems
    return {}


@cache
def _load(name: str) -> Any:
    return json.loads((REFERENCE / name).read_text("utf-8"))


def reference(name: str) -> Any:
    """A reference document; the test is skipped where there is none."""
    if not (REFERENCE / name).is_file():
        pytest.skip(f"{name} is not beside this checkout")
    return _load(name)


def referred(name: str, *path: str, key: str) -> list[Any]:
    """The entries of a list in a reference document as parameters, named by `key`."""
    if not (REFERENCE / name).is_file():
        absent = pytest.mark.skip(reason=f"{name} is not beside this checkout")
        return [pytest.param(None, marks=absent)]
    found: Any = _load(name)
    for step in path:
        found = found[step]
    return [pytest.param(entry, id=str(entry[key])) for entry in found]


def pairs(entries: Iterable[Any]) -> list[tuple[str, str]]:
    """Key-value pairs in one order, as text."""
    return sorted((str(key), str(value)) for key, value in entries)

"""In which state is an object taken, by an action or by what a customer does? Said in words, too.

As Stripe's reference says it of each endpoint, and of the life of invoices, payments and
subscriptions.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

Fields = Mapping[str, Sequence[Any]]


@attrs.frozen
class State:
    """What fields of an object must be; `words` say when that is so, behind "only"."""

    words: str
    fields: Fields

    def holds(self, obj: Mapping[str, Any]) -> bool:
        """Whether an object is so."""
        fields = self.fields.items()
        return all(obj.get(name) in values for name, values in fields)


def _status(words: str, *statuses: str) -> State:
    return State(words, {"status": statuses})


DRAFT = _status("while it is a draft", "draft")
OPEN = _status("while it is open", "open")
OWED = _status("while it is open or uncollectible", "open", "uncollectible")
UNPAID = _status("while it is neither paid nor void", "draft", "open", "uncollectible")
MAILED = State("if its collection method is send_invoice", {"collection_method": ["send_invoice"]})
ASKED = _status("while the bank asks the payer", "requires_action")
TO_CAPTURE = _status("while it waits to be captured", "requires_capture")
SUCCEEDED = _status("once it has succeeded", "succeeded")
TO_PAY = _status(
    "before it is paid or canceled",
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
)
CANCELABLE = _status(
    "while it has neither succeeded nor been canceled",
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "requires_capture",
    "processing",
)
TAKEN = State(
    "once it is captured, and while it is neither refunded nor disputed",
    {"captured": [True], "refunded": [False], "disputed": [False]},
)
ALIVE = _status(
    "while it has not ended", "active", "trialing", "past_due", "unpaid", "paused", "incomplete"
)
ANSWERABLE = _status("while it waits for an answer", "needs_response", "under_review")
ONCE = State("while it is active, and paid once", {"active": [True], "type": ["one_time"]})
RECURRING = State("while it is active, and recurring", {"active": [True], "type": ["recurring"]})
THERE = State("while it is there", {"deleted": [None, False]})

# Kind → action → in which state it takes one. What is not named here takes any.
TAKING: Mapping[str, Mapping[str, State]] = {
    "invoice": {
        "create_invoice_item": DRAFT,
        "delete_invoice": DRAFT,
        "finalize_invoice": DRAFT,
        "pay_invoice": UNPAID,
        "send_invoice": MAILED,
        "void_invoice": OWED,
        "mark_invoice_uncollectible": OPEN,
    },
    "payment_intent": {
        "cancel_payment_intent": CANCELABLE,
        "confirm_payment_intent": TO_PAY,
        "capture_payment_intent": TO_CAPTURE,
        "refund_payment": SUCCEEDED,
    },
    "charge": {"refund_payment": TAKEN},
    "checkout.session": {"expire_checkout_session": OPEN},
    "subscription": {
        "cancel_subscription": ALIVE,
        "cancel_subscription_at_period_end": ALIVE,
        "change_subscription_plan": ALIVE,
        "preview_invoice": ALIVE,
    },
    "price": {
        "create_invoice_item": ONCE,
        "update_invoice_item": ONCE,
        "change_subscription_plan": RECURRING,
    },
}


def unless(obj: Mapping[str, Any], action: str) -> str:
    """When an action takes such an object, if it does not as it is; empty if it does."""
    kind = str(obj.get("object"))
    state = TAKING.get(kind, {}).get(action)
    return "" if state is None or state.holds(obj) else f"only {state.words}"

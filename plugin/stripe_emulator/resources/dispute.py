"""What is a dispute: a payer tells the bank that a payment was not theirs, or not right?

It is opened by the test helper below, or by the test card that stands for such a payer. Stripe's
fee for it depends on the contract with an account: it is 0, as all fees are.
"""

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.due import due
from stripe_emulator.lifecycle import Given, does, picked
from stripe_emulator.present import shows
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import balance_transaction as transactions

declare(
    Resource(
        kind="dispute",
        prefix="du_1",
        path="/v1/disputes",
        verbs="list retrieve update close",
        starts="""_moves=[] reason="fraudulent" status="needs_response" """,
        echoes="evidence",
        events="charge.dispute",
        in_path="dispute",
    )
)

_ANSWERED_IN = 10 * 86_400
_OPEN = {"needs_response", "under_review"}
_REASONS = """bank_cannot_process check_returned credit_not_processed customer_initiated
    debit_not_authorized duplicate fraudulent general incorrect_account_details
    insufficient_funds noncompliant product_not_received product_unacceptable
    subscription_canceled unrecognized"""
# What a test account's evidence says decides (docs.stripe.com/testing#disputes).
_DECIDED = {"winning_evidence": "won", "losing_evidence": "lost"}


@does("charge.dispute", f"reason={'|'.join(_REASONS.split())}")
def open_(account: Account, charge: Json, given: Given) -> Json:
    """Dispute a charge as its payer's bank does; the money leaves the balance at once."""
    _check(charge)
    left = charge["amount_captured"] - charge["amount_refunded"]
    dispute = account.new("dispute", amount=left, charge=charge["id"])
    dispute |= picked(charge, "currency payment_intent") | picked(given, "reason")
    dispute["payment_method_details"] = _details(charge)
    dispute["evidence_details"] |= {"due_by": account.now + _ANSWERED_IN, "submission_count": 0}
    account.keep(dispute)
    charge |= {"disputed": True, "dispute": dispute["id"]}
    account.change(charge)
    _tell(account, dispute, "created")
    _move(account, dispute, -left)
    _tell(account, dispute, "funds_withdrawn")
    return dispute


def _check(charge: Json) -> None:
    if charge["disputed"]:
        raise Refusal(f"Charge {charge['id']} is disputed already.", code="charge_disputed")
    if not charge["captured"] or charge["refunded"]:
        message = f"Charge {charge['id']} has taken nothing, or given it back: nobody disputes it."
        raise Refusal(message)


def _details(charge: Json) -> Json:
    brand = charge["payment_method_details"]["card"]["brand"]
    card = {"brand": brand, "case_type": "chargeback", "network_reason_code": None}
    return {"card": card, "type": "card"}


def _move(account: Account, dispute: Json, amount: int) -> None:
    dispute["_moves"].append(transactions.of_dispute(account, dispute, amount))
    account.change(dispute)


def _tell(account: Account, dispute: Json, what: str) -> None:
    account.emit(f"charge.dispute.{what}", dispute)


@does("dispute.update", "submit")
def update(account: Account, dispute: Json, given: Given) -> Json:
    """Keep evidence, and hand it in unless `submit` is false; the bank decides at once."""
    _check_open(given.before)
    if "evidence" in given:
        details = dispute["evidence_details"]
        details["has_evidence"] = any(dispute["evidence"].values())
        if given.get("submit", True):
            details["submission_count"] += 1
            dispute["status"] = "under_review"
    account.change(dispute)
    _tell(account, dispute, "updated")
    said = dispute["evidence"].get("uncategorized_text")
    if dispute["status"] == "under_review" and said in _DECIDED:
        return _decided(account, dispute, _DECIDED[said])
    return dispute


@does("dispute.close")
def close(account: Account, dispute: Json, _given: Given) -> Json:
    """Give in: the dispute is lost."""
    _check_open(dispute)
    return _decided(account, dispute, "lost")


def _check_open(dispute: Json) -> None:
    if dispute["status"] not in _OPEN:
        raise Refusal(f"This dispute is already closed: it is {dispute['status']}.")


def _decided(account: Account, dispute: Json, status: str) -> Json:
    dispute["status"] = status
    account.change(dispute)
    _tell(account, dispute, "closed")
    if status == "won":
        _move(account, dispute, dispute["amount"])
        _tell(account, dispute, "funds_reinstated")
    return dispute


def _lapses(dispute: Json) -> int | None:
    waits = dispute["status"] == "needs_response"
    return dispute["evidence_details"]["due_by"] if waits else None


@due("dispute.lapse", _lapses)
def lapse(account: Account, dispute: Json) -> None:
    """Lose a dispute that nobody answered in time."""
    dispute["evidence_details"]["past_due"] = True
    _decided(account, dispute, "lost")


@shows("dispute")
def show(account: Account, dispute: Json, view: Json) -> None:
    """Show what it moved, as whole objects."""
    moves = [account.need("balance_transaction", id_) for id_ in dispute["_moves"]]
    view["balance_transactions"] = [account.show(moved) for moved in moves]

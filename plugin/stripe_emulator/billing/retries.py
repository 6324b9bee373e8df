"""When is a failed payment tried again, and what follows when it is not?

Stripe's Smart Retries choose their moments by what they learn; by default they try eight times
within two weeks (docs.stripe.com/billing/revenue-recovery/smart-retries). The emulator keeps that
frame and spreads the retries evenly: 1, 3, 5, 7, 9, 11 and 14 days after the first attempt.
"""

from typing import Literal, get_args

from stripe_emulator.billing.periods import DAY
from stripe_emulator.refusals import Json

# What becomes of a subscription when retries end: a setting of the account.
AfterRetries = Literal["cancel", "unpaid", "past_due"]
AFTER_RETRIES: tuple[AfterRetries, ...] = get_args(AfterRetries)
_DAYS_BETWEEN = (1, 2, 2, 2, 2, 2, 3)


def next_attempt(now: int, attempts: int) -> int | None:
    """The moment of the next attempt after so many; None when there is none."""
    if attempts > len(_DAYS_BETWEEN):
        return None
    return now + _DAYS_BETWEEN[attempts - 1] * DAY


def count(invoice: Json, *, automatic: bool) -> None:
    """Count an attempt: the first one in any case, later ones if nobody asked for them."""
    first = invoice["attempt_count"] == 0
    if first or automatic:
        invoice["attempt_count"] += 1
    invoice["attempted"] = True

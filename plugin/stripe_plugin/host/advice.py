"""What does an error mean to a person, and what can be done about it?

Sources: docs.stripe.com/api/errors, docs.stripe.com/declines/codes; the words are ours.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from stripe_plugin import errors
from stripe_plugin.host.watch import HookFailed

Data = dict[str, Any]


class Advice(NamedTuple):
    """What a category of errors means, what to do, and whether the same run may succeed later."""

    means: str
    do: str
    retryable: bool = False


ADVICE: Mapping[str, Advice] = MappingProxyType(
    {
        "invalid_inputs": Advice(
            "The inputs were refused before anything was sent.",
            "Show each of problems_at at its control, and let the person change it.",
        ),
        "usage": Advice(
            "An action, a key, an option or a plugin cannot be used.",
            "Read the sentence; whoever set the host up can mend it.",
        ),
        "denied": Advice(
            "A guard of the host said no before anything was sent.", "Ask whoever made the rule."
        ),
        "card": Advice(
            "The payment was declined.",
            "Tell the customer by the decline code, and let them pay in another way.",
        ),
        "invalid_request": Advice(
            "Stripe refused a value, or an object is not there or not in the right state.",
            "Show the sentence at the control that path names, and change the value.",
        ),
        "authentication": Advice(
            "The key is wrong, expired or revoked.", "Put a new key into the connection."
        ),
        "permission": Advice(
            "The key may not do this.",
            "Give a restricted key the permission that the manifest names, or use another key.",
        ),
        "idempotency": Advice(
            "The idempotency key was used for something else, or is in use right now.",
            "Run it again a little later, if it is in use; else put back the inputs that it was"
            " sent with: under another key it would be done once more.",
            retryable=True,
        ),
        "rate_limit": Advice(
            "Too many requests, or another one holds the object's lock.",
            "Run it again later; give the connection a rate.",
            retryable=True,
        ),
        "connection": Advice(
            "No complete answer arrived.",
            "Run it again under the same run and step: it is executed only once.",
            retryable=True,
        ),
        "api": Advice(
            "Stripe failed, or answered in a way that nobody can read.",
            "Run it again under the same run and step: it is executed only once.",
            retryable=True,
        ),
        "unreconciled": Advice(
            "It may have been executed, too long ago to be repeated safely.",
            "Look at Stripe whether it is done, then go on or start a new run.",
        ),
        "hook": Advice(
            "A plugin failed after Stripe had been asked.",
            "The error's result, if there is one, is what was done; mend the plugin.",
        ),
    }
)

_ANOTHER_WAY = "Pay with another card, or in another way."
_ASK_THE_BANK = "The customer can ask their bank for the reason, or pay with another card."
_CHECK = "Check what was typed, and try again."
_LATER = "Try again in a little while; if it stays so, ask the bank."
_QUIETLY = "Tell the customer no more than that the card was declined."

DECLINES: Mapping[str, str] = MappingProxyType(
    {
        "approve_with_id": f"The bank could not approve the payment. {_LATER}",
        "authentication_required": "The bank wants the customer to confirm: pay with them present.",
        "call_issuer": f"The bank declined without a reason. {_ASK_THE_BANK}",
        "card_not_supported": f"The card does not allow this kind of purchase. {_ANOTHER_WAY}",
        "card_velocity_exceeded": f"The card's limit is reached. {_ANOTHER_WAY}",
        "currency_not_supported": f"The card does not pay in this currency. {_ANOTHER_WAY}",
        "do_not_honor": f"The bank declined without a reason. {_ASK_THE_BANK}",
        "do_not_try_again": f"The bank declined for good. {_ANOTHER_WAY}",
        "duplicate_transaction": "The same was paid by this card just now: look for it first.",
        "expired_card": f"The card has expired. {_ANOTHER_WAY}",
        "fraudulent": f"Stripe takes the payment for fraud. {_QUIETLY}",
        "generic_decline": f"The bank declined without a reason. {_ASK_THE_BANK}",
        "incorrect_address": f"The address is not the card's. {_CHECK}",
        "incorrect_cvc": f"The security code is wrong. {_CHECK}",
        "incorrect_number": f"The card number is wrong. {_CHECK}",
        "incorrect_pin": f"The PIN is wrong. {_CHECK}",
        "incorrect_zip": f"The postal code is not the card's. {_CHECK}",
        "insufficient_funds": f"There is not enough money on the card. {_ANOTHER_WAY}",
        "invalid_account": f"The card, or its account, is not valid. {_ASK_THE_BANK}",
        "invalid_amount": "The card does not pay this amount. Ask the bank, or pay less.",
        "invalid_cvc": f"The security code is wrong. {_CHECK}",
        "invalid_expiry_month": f"The month of expiry is wrong. {_CHECK}",
        "invalid_expiry_year": f"The year of expiry is wrong. {_CHECK}",
        "invalid_number": f"The card number is wrong. {_CHECK}",
        "invalid_pin": f"The PIN is wrong. {_CHECK}",
        "issuer_not_available": f"The bank cannot be reached. {_LATER}",
        "lost_card": f"The card is reported lost. {_QUIETLY}",
        "merchant_blacklist": f"The card is on your own list of blocked ones. {_QUIETLY}",
        "new_account_information_available": f"The card has new data. {_ASK_THE_BANK}",
        "no_action_taken": f"The bank declined without a reason. {_ASK_THE_BANK}",
        "not_permitted": f"The bank does not permit the payment. {_ASK_THE_BANK}",
        "offline_pin_required": "The card wants its PIN: put it into the reader.",
        "online_or_offline_pin_required": "The card wants its PIN: type it at the reader.",
        "pickup_card": f"The card is reported lost or stolen. {_QUIETLY}",
        "pin_try_exceeded": f"The PIN was wrong too often. {_ANOTHER_WAY}",
        "processing_error": f"Something went wrong on the way to the bank. {_LATER}",
        "reenter_transaction": f"The bank could not process it. {_LATER}",
        "restricted_card": f"The card cannot be used for this. {_QUIETLY}",
        "revocation_of_all_authorizations": f"The customer stopped all payments. {_ASK_THE_BANK}",
        "revocation_of_authorization": f"The customer stopped this payment. {_ASK_THE_BANK}",
        "security_violation": f"The bank declined without a reason. {_ASK_THE_BANK}",
        "service_not_allowed": f"The bank declined without a reason. {_ASK_THE_BANK}",
        "stolen_card": f"The card is reported stolen. {_QUIETLY}",
        "stop_payment_order": f"The customer stopped this payment. {_ASK_THE_BANK}",
        "testmode_decline": "A test card was used for real money, or in a way it does not do.",
        "transaction_not_allowed": f"The bank does not allow the payment. {_ASK_THE_BANK}",
        "try_again_later": f"The bank declined for now. {_LATER}",
        "withdrawal_count_limit_exceeded": f"The card's limit is reached. {_ANOTHER_WAY}",
    }
)


KINDS: tuple[type[errors.NodeError], ...] = (
    errors.InvalidInputs,
    errors.UsageError,
    errors.Denied,
    errors.CardError,
    errors.InvalidRequest,
    errors.AuthenticationFailed,
    errors.PermissionDenied,
    errors.IdempotencyConflict,
    errors.RateLimited,
    errors.ConnectionFailed,
    errors.StripeError,
    errors.Unreconciled,
    HookFailed,
)


def describe_errors() -> Data:
    """All that can end a run, by category, and a sentence for each decline code, JSON-safe."""
    categories = {kind.category: _category(kind) for kind in KINDS}
    return {"categories": categories, "declines": dict(DECLINES)}


def _category(kind: type[errors.NodeError]) -> Data:
    advice = ADVICE[kind.category]
    return {"raised_as": kind.__name__, "http_status": kind.http_status, **advice._asdict()}

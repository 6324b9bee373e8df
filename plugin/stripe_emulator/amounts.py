"""How much may a payment be? By its currency, in the currency's minor unit.

Least and most: docs.stripe.com/currencies#minimum-and-maximum-charge-amounts; the account settles
each of these currencies as it is.
"""

from stripe_emulator.refusals import Refusal, money

LEAST = {
    "aed": 200,
    "aud": 50,
    "brl": 50,
    "cad": 50,
    "chf": 50,
    "czk": 15_00,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "hkd": 400,
    "huf": 175_00,
    "inr": 50,
    "jpy": 50,
    "mxn": 10_00,
    "myr": 200,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "sgd": 50,
    "thb": 10_00,
    "usd": 50,
}
_MOST_DIGITS = {"idr": 12, "inr": 9}
_DIGITS = 8


def check(amount: int, currency: str) -> None:
    """Refuse the amount of a payment that is too small or too large."""
    if amount < LEAST.get(currency, 1):
        message = f"Amount must be at least {least(currency)}"
        raise Refusal(message, code="amount_too_small", param="amount")
    check_size(amount, currency, "amount")


def check_size(amount: int, currency: str, param: str | None = None) -> None:
    """Refuse an amount that is too large, of a debt or of a credit."""
    if abs(amount) > _most(currency):
        message = f"Amount must be no more than {money(_most(currency), currency)}"
        raise Refusal(message, code="amount_too_large", param=param)


def check_quantity(amount: int, currency: str, param: str) -> None:
    """Refuse so many of a price that they would cost too much."""
    if amount > _most(currency):
        most = money(_most(currency), currency)
        raise Refusal(
            "Invalid quantity: total amount (quantity * plan amount) must be no more than "
            f"{most} {currency.upper()}",
            param=param,
        )


def _most(currency: str) -> int:
    digits = _MOST_DIGITS.get(currency, _DIGITS)
    most: int = 10**digits - 1
    return most


def check_most(amount: int, currency: str) -> None:
    """Refuse a Checkout Session whose total is too large."""
    if amount > _most(currency):
        most = money(_most(currency), currency)
        raise Refusal(
            f"The Checkout Session's total amount due must be no more than {most}.",
            code="amount_too_large",
        )


def check_least(amount: int, currency: str) -> None:
    """Refuse a Checkout Session whose total is too small; nothing at all may be due."""
    if 0 < amount < LEAST.get(currency, 1):
        raise Refusal(
            f"The Checkout Session's total amount due must add up to at least {least(currency)}",
            code="amount_too_small",
        )


def least(currency: str) -> str:
    """The least amount in Stripe's words: `$0.50 usd`."""
    return f"{money(LEAST[currency], currency)} {currency}"

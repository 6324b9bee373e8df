"""How many decimals has an amount? Source: docs.stripe.com/currencies."""

from decimal import Decimal

# Of ISK and UGX there are no parts, yet two decimals are sent.
NO_DECIMALS = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
THREE_DECIMALS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})


def decimals(currency: str) -> int:
    """How many decimals an amount in this currency has."""
    if currency in NO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def written(amount: Decimal | int, currency: str) -> str:
    """An amount of the currency's smallest unit for a person: `1,500.00 USD`."""
    places = decimals(currency)
    units = Decimal(amount).scaleb(-places)
    exponent = units.as_tuple().exponent
    digits = max(places, -exponent if isinstance(exponent, int) else places)
    return f"{units:,.{digits}f} {currency.upper()}"

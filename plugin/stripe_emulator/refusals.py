"""How does the emulator say no: Stripe's error object, and the words Stripe has for it?"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeGuard

Json = dict[str, Any]

# the type of an error that says what the emulator is not
NOT_STRIPES = "emulator_error"
# how far ahead a moment may be, in seconds
FIVE_YEARS = 5 * 365 * 86_400
_DOCS = "https://stripe.com/docs/error-codes/"


def is_json(value: Any) -> TypeGuard[Json]:
    """Tell objects, whose keys are texts, from other JSON."""
    return isinstance(value, dict)


def is_rows(value: Any) -> TypeGuard[list[Any]]:
    """Tell lists from other JSON."""
    return isinstance(value, list)


def without_nulls(fields: Json) -> Json:
    """What is said in it."""
    return {name: value for name, value in fields.items() if value is not None}


class Refusal(Exception):
    """One error answer: `status`, and Stripe's `error` object in `error`.

    `kept` tells that what the request has done so far stays done (a declined card leaves a
    failed charge behind); everything else a refused request did is rolled back.
    """

    def __init__(  # noqa: PLR0913 - the fields of Stripe's error object
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        status: int = 400,
        type: str = "invalid_request_error",  # noqa: A002 - Stripe's word
        kept: bool = False,
        headers: Mapping[str, str] | None = None,
        **details: object,
    ) -> None:
        super().__init__(message)
        doc_url = _DOCS + code.replace("_", "-") if code else None
        fields = {"code": code, "doc_url": doc_url, "message": message, "param": param}
        self.error = without_nulls(fields)
        self.error |= {**details, "type": type}
        self.status = status
        self.kept = kept
        self.headers = dict(headers or {})


def missing_object(called: str, id_: str, param: str | None, status: int) -> Refusal:
    """No object has this id: 404 when it stands in the path, 400 when it is a parameter."""
    message = f"No such {called}: '{id_}'"
    return Refusal(message, code="resource_missing", param=param, status=status)


def unknown_parameters(paths: Sequence[str], nearest: str | None) -> Refusal:
    """Parameters the endpoint does not have; the first of them is blamed."""
    plural = "s" if len(paths) > 1 else ""
    hint = f". Did you mean {nearest}?" if nearest else ""
    message = f"Received unknown parameter{plural}: {', '.join(paths)}{hint}"
    return Refusal(message, code="parameter_unknown", param=paths[0])


def missing_parameter(path: str) -> Refusal:
    """A required parameter is absent."""
    return Refusal(f"Missing required param: {path}.", code="parameter_missing", param=path)


def empty_parameter(path: str) -> Refusal:
    """An empty string where Stripe cannot unset."""
    message = (
        f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset "
        f"a parameter; however '{path}' cannot be unset. You should remove '{path}' from your "
        "request or supply a non-empty value."
    )
    return Refusal(message, code="parameter_invalid_empty", param=path)


def exclusive_parameters(names: Sequence[str], param: str) -> Refusal:
    """Parameters of which at most one may be given."""
    listed = ", ".join(names)
    return Refusal(f"You may only specify one of these parameters: {listed}.", param=param)


def past_timestamp(param: str) -> Refusal:
    """A moment that must be in the future is not."""
    message = "Invalid timestamp: must be an integer Unix timestamp in the future."
    return Refusal(message, code="parameter_invalid_integer", param=param)


def past_trial_end(moment: int) -> Refusal:
    """A trial is to end before it begins."""
    message = (
        "The parameter `trial_end` expects a unix timestamp representing a date and time in the "
        f"future. You specified the value `{moment}` which is in the past."
    )
    return Refusal(message, param="trial_end")


def too_far_off(param: str) -> Refusal:
    """A moment is later than Stripe plans for."""
    message = "Invalid timestamp: can be no more than five years in the future."
    return Refusal(message, param=param)


def not_simulated(what: str, param: str | None = None) -> Refusal:
    """What Stripe can do and the emulator cannot: it never looks like an answer of Stripe's."""
    message = f"Nothing was executed: the emulator does not simulate {what}."
    return Refusal(message, param=param, type=NOT_STRIPES)


def one_of(values: Sequence[str]) -> str:
    """Read a list of words aloud as Stripe does: `a, b, or c`."""
    if len(values) < 3:
        return " or ".join(values)
    return ", ".join(values[:-1]) + f", or {values[-1]}"


def wrong_state(message: str, intent: Json, param: str | None = None) -> Refusal:
    """A PaymentIntent is not in a state for this; the answer shows it."""
    return Refusal(
        message, code="payment_intent_unexpected_state", param=param, payment_intent=intent
    )


ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split())
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
_BEFORE = {
    "aud": "$",
    "brl": "R$",
    "cad": "$",
    "eur": "€",
    "gbp": "£",
    "hkd": "$",
    "inr": "₹",
    "jpy": "¥",
    "mxn": "$",
    "myr": "RM",
    "nzd": "$",
    "sgd": "$",
    "thb": "฿",
    "usd": "$",
}
_AFTER = {"czk": "Kč", "dkk": "kr.", "huf": "Ft", "nok": "kr", "pln": "zł", "sek": "kr"}


def money(amount: int, currency: str) -> str:
    """Write an amount in the currency's minor unit as Stripe's messages do: `$40.00`."""
    text = f"{Decimal(amount).scaleb(-decimals(currency)):,}"
    if currency in _AFTER:
        return f"{text} {_AFTER[currency]}"
    return _BEFORE.get(currency, f"{currency.upper()} ") + text


def decimals(currency: str) -> int:
    """How many digits its minor unit has."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2

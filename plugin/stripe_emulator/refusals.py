"""How the emulator says no: Stripe's error object, and the messages Stripe has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json = dict[str, Any]


def is_json(value: Any) -> TypeGuard[Json]:
    """Tell objects, whose keys are texts, from other JSON."""
    return isinstance(value, dict)


_DOCS = "https://stripe.com/docs/error-codes/"


class Refusal(Exception):
    """One error answer: ``status``, and Stripe's ``error`` object in ``error``.

    ``kept`` tells that what the request has done so far stays done (a declined card leaves a
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
        self.error: Json = {key: value for key, value in fields.items() if value is not None}
        self.error |= {**details, "type": type}
        self.status = status
        self.kept = kept
        self.headers = dict(headers or {})


def missing_object(called: str, id_: str, param: str | None, status: int) -> Refusal:
    """No object has this id: 404 when it stands in the path, 400 when it is a parameter."""
    shown = id_ if called == "checkout.session" else f"'{id_}'"
    message = f"No such {called}: {shown}"
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
    return Refusal(
        f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset "
        f"a parameter; however '{path}' cannot be unset. You should remove '{path}' from your "
        "request or supply a non-empty value.",
        code="parameter_invalid_empty",
        param=path,
    )


def exclusive_parameters(names: Sequence[str], param: str) -> Refusal:
    """Parameters of which at most one may be given."""
    listed = ", ".join(names)
    return Refusal(f"You may only specify one of these parameters: {listed}.", param=param)


def one_of(values: Sequence[str]) -> str:
    """Read a list of words aloud as Stripe does: ``a, b, or c``."""
    if len(values) < 3:
        return " or ".join(values)
    return ", ".join(values[:-1]) + f", or {values[-1]}"


def wrong_state(message: str, intent: Json, param: str | None = None) -> Refusal:
    """A PaymentIntent whose status does not allow this."""
    code = "payment_intent_unexpected_state"
    return Refusal(message, code=code, param=param, payment_intent=intent)


def money(amount: int, currency: str) -> str:
    """Write an amount in the currency's minor unit as Stripe's messages do: ``$40.00``."""
    sign = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "cad": "CA$", "aud": "A$"}
    symbol = sign.get(currency, f"{currency.upper()} ")
    if currency in ZERO_DECIMAL:
        return f"{symbol}{amount:,}"
    return f"{symbol}{amount / 100:,.2f}"


ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split())

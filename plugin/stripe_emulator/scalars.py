"""How does Stripe read one text as a number, a moment, a currency, an address?

Each function takes the text and the parameter it stands in, and returns the value or raises the
Refusal (400).
"""

import re
from collections.abc import Callable
from typing import Any

from stripe_emulator.refusals import Refusal

CURRENCIES: tuple[str, ...] = tuple(
    """
    usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp
    byn bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip
    gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt
    lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr
    nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd
    std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer
    zar zmw
    """.split()
)
_NOT_INTEGER = "parameter_invalid_integer"


def _integer(raw: str, param: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", raw):
        raise _invalid("integer", raw, param, _NOT_INTEGER)
    return int(raw)


def check_least(value: int, least: int, param: str) -> None:
    """Refuse an integer below the least one."""
    if value >= least:
        return
    message = "Invalid non-negative integer"
    if least:
        message = f"This value must be greater than or equal to {least}."
    raise Refusal(message, code=_NOT_INTEGER, param=param)


def _boolean(raw: str, param: str) -> bool:
    if raw.lower() not in {"true", "false"}:
        raise _invalid("boolean", raw, param)
    return raw.lower() == "true"


def _number(raw: str, param: str) -> float:
    if not re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,12})?", raw):
        raise _invalid("decimal", raw, param)
    return float(raw)


def _decimal(raw: str, param: str) -> str:
    _number(raw, param)
    plain = raw.lstrip("+")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _timestamp(raw: str, param: str) -> int:
    if not re.fullmatch(r"[0-9]{1,11}", raw):
        message = "Invalid timestamp: must be an integer Unix timestamp"
        raise Refusal(message, code=_NOT_INTEGER, param=param)
    return int(raw)


def _currency(raw: str, param: str) -> str:
    if raw.lower() not in CURRENCIES:
        supported = f"Stripe currently supports these currencies: {', '.join(CURRENCIES)}"
        raise Refusal(f"Invalid currency: {raw[:40].lower()}. {supported}", param=param)
    return raw.lower()


def _email(raw: str, param: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", raw):
        raise Refusal(f"Invalid email address: {raw[:80]}", code="email_invalid", param=param)
    return raw


def _url(raw: str, param: str) -> str:
    if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/]\S*", raw):
        raise Refusal("Not a valid URL", code="url_invalid", param=param)
    return raw


def text(raw: str, _param: str) -> str:
    """Any text will do."""
    return raw


def _invalid(kind: str, raw: str, param: str, code: str | None = None) -> Refusal:
    return Refusal(f"Invalid {kind}: {raw[:80]}", code=code, param=param)


Scalar = Callable[[str, str], Any]
SCALARS: dict[str, Scalar] = {
    "int": _integer,
    "bool": _boolean,
    "num": _number,
    "dec": _decimal,
    "time": _timestamp,
    "cur": _currency,
    "email": _email,
    "url": _url,
}

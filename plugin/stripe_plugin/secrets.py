"""What is cut when it is shown?"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

# Where a word begins: also behind an escape of JSON, Python or URLs, as in `\nsk_` and `%20sk_`.
_START = r"(?:(?<![A-Za-z0-9])|(?<=\\[a-z])|(?<=%\w\w)|(?<=\\x\w\w)|(?<=\\u\w{4}))"


_KEYS = re.compile(rf"{_START}((?:sk|rk|pk|ek|whsec)_(?:live_|test_|org_)?+)[A-Za-z0-9_]{{3,}}")


_CLIENT_SECRETS = re.compile(r"([a-z]{2,6}_(?:test_|live_)?[A-Za-z0-9]+_secret_)[\w%.~+/=-]+")


def masked(text: str) -> str:
    """`text` with every Stripe key and client secret in it cut to its prefix."""
    return _KEYS.sub(r"\1…", _CLIENT_SECRETS.sub(r"\1…", text))


def shown(value: Any, most: int = 60) -> str:
    """`value`, short enough for a sentence and without secrets."""
    if isinstance(value, int) and abs(value) >= 10**18:
        return "a number of more than 18 digits"
    if isinstance(value, str | int | float) or value is None:
        cut = masked(value[: most * 2]) if isinstance(value, str) else value
        text = json.dumps(cut, ensure_ascii=False).encode("utf-8", "replace").decode()
        text = re.sub(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069]", "\ufffd", text)  # moves the cursor
        return text if len(text) <= most else text[:most] + "…"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else f"a {type(value).__name__[:most]}"


def said(error: BaseException) -> str:
    """An error's type and text, bounded and without secrets, whatever its text is made by."""
    try:
        text = str(error)[:300]
    except Exception:  # noqa: BLE001 - a stranger's error, which may not even have a text
        text = "…"
    return masked(f"{type(error).__name__}: {text}")


class Secret:
    """Text that is shown only by `reveal()` and never pickled."""

    __slots__ = ("reveal",)  # a closure: nothing that walks over attributes meets the text

    def __init__(self, text: "str | Secret") -> None:
        plain = text.reveal() if isinstance(text, Secret) else str(text)
        self.reveal: Callable[[], str] = lambda: plain

    def __repr__(self) -> str:
        shown = masked(self.reveal())
        return shown if shown.endswith("…") else "…"

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not pickled; make the connection where it is used")


class ClientSecret(str):
    """Text as it came from Stripe, for a customer's browser: shown cut, whatever shows it.

    Comparing it, sending it on and writing it as JSON take the whole; pickling is refused.
    """

    __slots__ = ()

    def __str__(self) -> str:
        cut = masked(str.__str__(self))
        return cut if cut.endswith("…") else "…"

    def __repr__(self) -> str:
        return repr(str(self))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __getitem__(self, index: Any) -> str:  # rich cuts what it shows
        return str(self)[index]

    def __deepcopy__(self, _: object) -> "ClientSecret":
        return self

    def __reduce_ex__(self, _: object) -> Any:
        raise TypeError("a client secret is not pickled; Result.as_dict() has what may be kept")


def without_secrets(value: Any) -> Any:
    """JSON data with every key and client secret in it cut."""
    if isinstance(value, Mapping):
        return {masked(str(key)): without_secrets(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(item) for item in value]
    return masked(str(value)) if isinstance(value, str) else value

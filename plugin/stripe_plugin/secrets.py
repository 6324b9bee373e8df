"""What is cut when it is shown?"""

import json
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from typing import Any, cast

# Where a word begins: also behind an escape of JSON, Python or URLs, as in `\nsk_` and `%20sk_`.
_START = r"(?:(?<![A-Za-z0-9])|(?<=\\[a-z])|(?<=%\w\w)|(?<=%25\w\w)|(?<=\\x\w\w)|(?<=\\u\w{4}))"
# `sk_test_` alone is no key. (Possessive repeats say this shorter, but fail before Python 3.11.5.)
_SHORT = r"(?:live|test|org)_[A-Za-z0-9_]{0,2}(?![A-Za-z0-9_])"
_KEYS = re.compile(
    rf"{_START}((?:sk|rk|pk|ek|whsec)_(?!{_SHORT})(?:live_|test_|org_)?)[A-Za-z0-9_]{{3,}}"
)
# pi_123_secret_…, cs_test_123_secret_…, src_123_client_secret_…, cuss_secret_…
_CLIENT_SECRETS = re.compile(
    r"([a-z]{2,6}_(?:test_|live_)?(?:[A-Za-z0-9]+_)?(?:client_)?secret_)[\w%.~+/=-]+"
)
_RANDOM = re.compile("[A-Z0-9]")  # what every client secret has, and `top_secret_plan` has not
# What moves a terminal's cursor or turns the direction of writing.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
LONGEST_ERROR = 300  # characters of a stranger's error
VOWELS = ("a", "e", "i", "o")  # that begin a type's name; u does as in unit
HIDDEN = "hidden_…"  # in the place of a text that is hidden
_hidden: ContextVar[frozenset[str]] = ContextVar("hidden", default=frozenset())


def masked(text: str) -> str:
    """`text` with every Stripe key and client secret in it cut to its prefix."""
    longest_first = sorted(_hidden.get(), key=len, reverse=True)
    for each in longest_first:
        text = text.replace(each, HIDDEN)
    return _KEYS.sub(_cut_key, _CLIENT_SECRETS.sub(_cut, text))


@contextmanager
def hiding(*texts: str) -> Generator[None]:
    """While this lasts, these texts are cut like secrets wherever something is shown or kept."""
    mark = _hidden.set(_hidden.get().union(texts))
    try:
        yield
    finally:
        _hidden.reset(mark)


def _cut_key(found: re.Match[str]) -> str:
    """A key's prefix. With a text for a template, `re` imports its parser anew at each call."""
    return f"{found[1]}…"


def _cut(found: re.Match[str]) -> str:
    """A client secret without what follows its prefix; what only looks like one as it is."""
    return f"{found[1]}…" if _RANDOM.search(found[0]) else found[0]


def without_secrets(value: Any) -> Any:
    """A copy of JSON data with every key and client secret in it cut."""
    if isinstance(value, str):
        return masked(str.__str__(value))
    if isinstance(value, Mapping):
        return _fields(cast("Mapping[object, Any]", value))
    if isinstance(value, list | tuple):
        items = cast("Sequence[Any]", value)
        return [without_secrets(item) for item in items]
    return value


def _fields(fields: Mapping[object, Any]) -> dict[str, Any]:
    safe: dict[str, Any] = {}
    for key, value in fields.items():
        name = str(key)
        safe[masked(name)] = _safe(name, value)
    return safe


def _safe(name: str, value: Any) -> Any:
    """A field's value; what Stripe calls a client secret is one, whatever it looks like."""
    cut = without_secrets(value)
    if name != "client_secret" or not isinstance(value, str):
        return cut
    is_whole = cut == value and not value.endswith("…")
    return "secret_…" if value and is_whole else cut


def shown(value: Any, most: int = 60) -> str:
    """`value`, short enough for a sentence, on one line and without secrets."""
    if isinstance(value, str):
        quoted = _quoted(_beginning(value, most * 2))
        return quoted if len(quoted) <= most else f'{quoted[:most]}…"'
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None or isinstance(value, int | float | Decimal):
        return _figure(value, most)
    return kind(value)[:most]


def kind(value: object) -> str:
    """What kind of thing it is, for a sentence: a set, an object."""
    name = type(value).__name__
    article = "an" if name.lower().startswith(VOWELS) else "a"
    return f"{article} {name}"


def _figure(value: Any, most: int) -> str:
    if isinstance(value, int) and abs(value) >= 10**18:
        return "a number of more than 18 digits"
    digits = str(value) if isinstance(value, Decimal) else json.dumps(value)
    return digits if len(digits) <= most else f"{digits[:most]}…"


def _beginning(text: str, most: int) -> str:
    """What a text begins with, without secrets; none that is hidden is cut in two and missed."""
    if _hidden.get():
        return masked(text)[:most]
    return masked(text[:most])


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    whole = quoted.encode("utf-8", "replace").decode()  # without halves of surrogate pairs
    return _UNPRINTABLE.sub("\ufffd", whole)


def said(error: BaseException) -> str:
    """An error's type and text, bounded and without secrets, whatever its text is made by."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - a stranger's error, which may not even have a text
        text = "…"
    return f"{type(error).__name__}: {_beginning(text, LONGEST_ERROR)}"


class Secret:
    """Text that is shown only by `reveal()`, copied as it is, and never pickled."""

    __slots__ = ("reveal",)  # a closure: nothing that walks over attributes meets the text

    def __init__(self, text: "str | Secret") -> None:
        plain = text.reveal() if isinstance(text, Secret) else str(text)
        self.reveal: Callable[[], str] = lambda: plain

    def __repr__(self) -> str:
        cut = masked(self.reveal())
        return cut if cut.endswith("…") else "…"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, _: object) -> "Secret":
        return self

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not pickled; make the connection where it is used")

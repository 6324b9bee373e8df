"""How does Stripe read a form: bracketed pairs become one nested tree of strings?"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, unquote_plus

from stripe_emulator.refusals import Json, Refusal, is_json

MOST_BYTES = 1_000_000
MOST_PAIRS = 2_000
DEEPEST = 12

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_SEGMENT = re.compile(r"\[([^\[\]]*)\]")


def tree(text: str) -> Json:
    """Turn `a[b]=1&c[0]=2` into `{"a": {"b": "1"}, "c": {"0": "2"}}`.

    `c[]=2` takes the next free index. Raises Refusal (400) for anything that is no form: bytes
    that are not UTF-8, keys with unbalanced brackets, a key that is both a value and a group,
    more than 12 levels, 2,000 pairs or a megabyte.
    """
    if len(text) > MOST_BYTES:
        raise Refusal("Invalid request: the parameters are too large.", status=413)
    if text.count("&") >= MOST_PAIRS:
        raise Refusal("Invalid request: too many parameters.")
    root: Json = {}
    for key, value in _pairs(text):
        _put(root, _segments(key), value, key)
    return root


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for pair in filter(None, text.split("&")):
        key, _, value = pair.partition("=")
        yield _decoded(key), _decoded(value)


def _decoded(text: str) -> str:
    try:
        plain = unquote_plus(text, errors="strict")
        plain.encode()
    except UnicodeError:
        raise not_utf8("the parameters are") from None
    if "\0" in plain:
        raise Refusal("Invalid request: the parameters contain a null byte.")
    return plain


def identifier(quoted: str) -> str:
    """Read the id that stands in a path."""
    try:
        plain = unquote(quoted, errors="strict")
        plain.encode()
    except UnicodeError:
        raise not_utf8("the path is") from None
    if "\0" in plain:
        raise Refusal("Invalid request: the path contains a null byte.")
    return plain


def not_utf8(subject: str) -> Refusal:
    """Bytes that are no text."""
    return Refusal(f"Invalid request: {subject} not valid UTF-8.")


def _segments(key: str) -> list[str]:
    whole = _KEY.fullmatch(key)
    if whole is None:
        raise Refusal(f"Invalid parameter name: {_short(key)}")
    segments = [whole[1], *_SEGMENT.findall(whole[2])]
    if len(segments) > DEEPEST:
        raise Refusal(f"Invalid request: {_short(key)} is nested too deeply.")
    return segments


def _put(root: Json, segments: list[str], value: str, key: str) -> None:
    node = root
    for segment in segments[:-1]:
        inner: Any = node.setdefault(segment or str(len(node)), {})
        if not is_json(inner):
            raise _clash("Hash", "String", key)
        node = inner
    last = segments[-1] or str(len(node))
    if isinstance(node.get(last), dict):
        raise _clash("String", "Hash", key)
    node[last] = value


def _clash(expected: str, got: str, key: str) -> Refusal:
    return Refusal(f"expected {expected} (got {got}) for param `{_short(key)}'")


def _short(key: str) -> str:
    return key if len(key) <= 80 else f"{key[:77]}..."

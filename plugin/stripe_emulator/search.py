"""What does a search answer: Stripe's query language, read and held against what is kept?

The language: docs.stripe.com/search#search-query-language. Exact (`:`) and substring (`~`) matching
do not mind case. With a delay an object is found only when it is that old, as with Stripe's minute;
a change of one that is found shows at once.
"""

import base64
import binascii
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import frozen

from stripe_emulator import listing
from stripe_emulator.account import Account
from stripe_emulator.declare import Resource
from stripe_emulator.refusals import Json, Refusal, is_json

_QUOTED = r""" "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' """
_CLAUSE = re.compile(
    rf"""(?P<minus>-?) (?P<field>[\w.]+) (?:\[(?P<key>{_QUOTED})\])? \s*
    (?P<sign>:|~|>=|<=|>|<) \s* (?P<value>{_QUOTED} | null\b | -?\d+(?:\.\d+)?)""",
    re.VERBOSE | re.IGNORECASE,
)
_JOINT = re.compile(r"\s+(?:(AND|OR)\s+)?", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_MOST = 10
_SHORTEST = 3
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_UNREADABLE = (
    "We were unable to parse your search query. Try using the format "
    '`metadata["key"]:"value"` to query for metadata or key:"value" to query for other fields.'
)


def _refused(message: str) -> Refusal:
    return Refusal(message, param="query")


@frozen
class Clause:
    """One condition of a query; of `metadata` the key is the last step of the path."""

    path: tuple[str, ...]
    sign: str
    #: None is null
    value: str | None
    negated: bool = False

    def meets(self, obj: Json) -> bool:
        """Whether it is so of an object."""
        return self._is(_at(obj, self.path)) is not self.negated

    def _is(self, found: str | None) -> bool:
        if self.value is None or found is None:
            return self.value is found
        if self.sign in _COMPARE:
            return _COMPARE[self.sign](float(found), float(self.value))
        there = found.casefold()
        wanted = self.value.casefold()
        return wanted in there if self.sign == "~" else wanted == there


def _at(obj: Json, path: tuple[str, ...]) -> str | None:
    value: Any = obj
    for name in path:
        value = value.get(name) if is_json(value) else None
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


@frozen
class Query:
    """What is searched for: all of the clauses, or any of them."""

    clauses: tuple[Clause, ...]
    any: bool = False

    def meets(self, obj: Json) -> bool:
        """Whether an object is searched for."""
        met = (clause.meets(obj) for clause in self.clauses)
        return any(met) if self.any else all(met)


def read(text: str, resource: Resource) -> Query:
    """Read a query. Raises Refusal (400, param `query`) for what Stripe would not take."""
    joints: set[str] = set()
    clauses = tuple(_clauses(text.strip(), resource, joints))
    if len(joints) > 1:
        raise _refused("You cannot combine AND and OR in the same search query.")
    if len(clauses) > _MOST:
        raise _refused(f"A search query can have at most {_MOST} clauses.")
    return Query(clauses, any=joints == {"OR"})


def _clauses(text: str, resource: Resource, joints: set[str]) -> Iterator[Clause]:
    at = 0
    while True:
        match = _CLAUSE.match(text, at)
        if match is None:
            raise _refused(_UNREADABLE)
        yield _clause(match, resource)
        if match.end() == len(text):
            return
        joint = _JOINT.match(text, match.end())
        if joint is None:
            raise _refused(_UNREADABLE)
        joints.add((joint[1] or "AND").upper())
        at = joint.end()


def _clause(match: re.Match[str], resource: Resource) -> Clause:
    field, key, sign, word = match.group("field", "key", "sign", "value")
    value = None if word.lower() == "null" else _plain(word)
    _check_field(field, key, resource)
    _check_sign(field, sign, value, resource)
    return Clause(_path(field, key), sign, value, negated=match["minus"] == "-")


def _path(field: str, key: str | None) -> tuple[str, ...]:
    if key:
        return field, _plain(key)
    return tuple(field.split("."))


def _plain(word: str) -> str:
    """A value without its quotes."""
    if word[0] not in "\"'":
        return word
    return re.sub(r"\\(.)", r"\1", word[1:-1], flags=re.DOTALL)


def _check_field(field: str, key: str | None, resource: Resource) -> None:
    if field not in resource.searched:
        place = resource.path.rpartition("/")[2]
        raise _refused(
            f"Field `{field}` is an unsupported search field for resource `{place}`. See "
            f"https://stripe.com/docs/search#query-fields-for-{place.replace('_', '-')} for a list "
            "of supported fields."
        )
    if (key is not None) is not (field == "metadata"):
        raise _refused(_UNREADABLE)


def _check_sign(field: str, sign: str, value: str | None, resource: Resource) -> None:
    allowed = resource.searched[field]
    kind = "<" if sign in _COMPARE else sign
    compares_nothing = value is None and sign != ":"
    if compares_nothing or kind not in {":", allowed}:
        raise _refused(f"Operator `{sign}` is not supported for the field `{field}`.")
    if sign == "~" and len(value or "") < _SHORTEST:
        raise _refused(f"Substring search for `{field}` needs at least {_SHORTEST} characters.")
    if allowed == "<" and value is not None and not _NUMBER.fullmatch(value):
        raise _refused(f"The field `{field}` is numeric and cannot be `{value[:80]}`.")


def page(account: Account, resource: Resource, given: Json, url: str) -> Json:
    """Answer a search endpoint: newest first, with the token of the next page if there is one."""
    query = read(given["query"], resource)
    found = [obj for obj in _searched(account, resource, given) if query.meets(obj)]
    limit = listing.limit(given)
    data = found[:limit]
    more = len(found) > limit
    return {
        "object": "search_result",
        "data": listing.shown(account, resource.kind, data, given),
        "has_more": more,
        "next_page": _token(data[-1]["id"]) if more else None,
        "url": url,
    }


def _searched(account: Account, resource: Resource, given: Json) -> list[Json]:
    """What is old enough to be found, from where the page begins."""
    beyond = _beyond(account, resource, given)
    listed = [(resource.listed, None)] if resource.listed else []
    kept = account.store.many(account.name, resource.kind, listed, beyond=beyond)
    return [obj for obj in kept if _is_known(account, obj)]


def _is_known(account: Account, obj: Json) -> bool:
    known: bool = obj["created"] <= account.time - account.search_delay
    return known or not account.search_delay


def _token(id_: str) -> str:
    return base64.urlsafe_b64encode(id_.encode()).decode()


def _beyond(account: Account, resource: Resource, given: Json) -> int | None:
    if "page" not in given:
        return None
    try:
        id_ = base64.urlsafe_b64decode(given["page"]).decode()
    except (binascii.Error, ValueError):
        id_ = ""
    found = account.store.one(account.name, resource.kind, id_)
    if found is None:
        raise Refusal("The page token is invalid: take next_page of a result.", param="page")
    return found[0]

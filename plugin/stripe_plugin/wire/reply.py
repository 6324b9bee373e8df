"""What does an answer mean? Decided in one table; no I/O."""

import json
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, cast

import attrs

from stripe_plugin.judge.values import is_object
from stripe_plugin.secrets import without_secrets

NOTHING: Mapping[str, Any] = MappingProxyType({})
LONGEST_REFUSAL = 500_000  # bytes; Stripe's have a few thousand, with a payment in them
NESTED = frozenset((dict, list))  # what JSON nests
DEEPEST = 100  # levels; with four expansions Stripe has some thirty


def _is_too_deep(found: Any) -> bool:
    """Whether it cannot be copied, masked and kept within Python's recursion."""
    level: list[Any] = [found]
    for _ in range(DEEPEST):
        level = [part for each in level for part in _parts(each) if type(part) in NESTED]
        if not level:
            return False
    return True


def _parts(value: Any) -> Iterable[Any]:
    if not isinstance(value, dict):
        return cast("Iterable[Any]", value)
    return cast("dict[str, Any]", value).values()


@attrs.frozen
class Reply:
    """What came back. Header names are in lower case; `took`: seconds, without queueing."""

    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)
    took: float = 0.0

    @cached_property
    def output(self) -> dict[str, Any] | None:
        """The JSON object of the body, untouched, or None if it is none, or nested too deeply."""
        try:
            found: Any = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict) or _is_too_deep(found):
            return None
        return cast("dict[str, Any]", found)

    @cached_property
    def error(self) -> Mapping[str, Any]:
        """The `error` of a refusal, without the secrets that it may repeat; else nothing.

        Nothing also if it has no end: to look for secrets in it would take the time of all.
        """
        if self.succeeded or len(self.body) > LONGEST_REFUSAL or self.output is None:
            return NOTHING
        error = without_secrets(self.output.get("error"))
        return error if is_object(error) else NOTHING

    @property
    def succeeded(self) -> bool:
        """Whether the status says that it was done."""
        return 200 <= self.status < 300

    @property
    def replayed(self) -> bool:
        """Whether Stripe answered from an earlier execution under the same idempotency key."""
        return self.headers.get("idempotent-replayed") == "true"

    @property
    def request_id(self) -> str | None:
        """Stripe's name of the request, for its support and its log."""
        return self.headers.get("request-id")


@attrs.frozen
class Lost:
    """No complete reply. `sent`: Stripe may have got the request; `again`: it may be sent again."""

    reason: str
    sent: bool
    again: bool = True
    took: float = 0.0


Answer = Reply | Lost


class Outcome(Enum):
    """How an attempt ended."""

    DONE = "done"
    REFUSED = "refused"
    NO_ANSWER = "no answer"


class Executed(Enum):
    """Whether what was asked for has been executed."""

    YES = "yes"
    NO = "no, neither by this attempt nor by an earlier one"
    NOT_NOW = "not by this attempt; earlier ones are as unknown as they were"
    UNKNOWN = "perhaps, by this attempt or an earlier one"


@attrs.frozen
class Verdict:
    """What one answer means: how the attempt ended, whether to try again, and what was executed."""

    outcome: Outcome
    again: bool
    executed: Executed


# The kinds of answers, and what each means. `Stripe-Should-Retry` decides about `again` wherever
# it is there, but that what is done is not asked for once more (source:
# docs.stripe.com/error-low-level); the SDKs decide the rest alike, but that they leave every 429 to
# that header.
#
# read        a readable success.
# unreadable  a success whose body is no JSON object: done, most likely, but it cannot be told.
# unreached   no connection came about. Sent later, it is sent for the first time.
# cut         the connection ended, or the time was over, after something had been sent.
# stored      Stripe repeats a stored refusal (3xx, 4xx) of this key: it was not executed, and
#             will not be under this key.
# failed      Stripe repeats a stored failure (5xx) of this key: asking once more brings it again.
# declined    400 or 402 in Stripe's own words, by what knows the key (a proxy does not): had an
#             earlier attempt worked, Stripe would have replayed that instead.
# in_use      another request with this key is being executed right now.
# busy        409 and 429: not executed, and it may pass.
# broken      5xx: it may have been executed before it failed.
# other       any other refusal, also a redirect: it says nothing about earlier attempts.
VERDICTS: Mapping[str, Verdict] = MappingProxyType(
    {
        "read": Verdict(Outcome.DONE, again=False, executed=Executed.YES),
        "unreadable": Verdict(Outcome.NO_ANSWER, again=True, executed=Executed.UNKNOWN),
        "unreached": Verdict(Outcome.NO_ANSWER, again=True, executed=Executed.NOT_NOW),
        "cut": Verdict(Outcome.NO_ANSWER, again=True, executed=Executed.UNKNOWN),
        "stored": Verdict(Outcome.REFUSED, again=False, executed=Executed.NO),
        "failed": Verdict(Outcome.REFUSED, again=False, executed=Executed.UNKNOWN),
        "declined": Verdict(Outcome.REFUSED, again=False, executed=Executed.NO),
        "in_use": Verdict(Outcome.REFUSED, again=True, executed=Executed.UNKNOWN),
        "busy": Verdict(Outcome.REFUSED, again=True, executed=Executed.NOT_NOW),
        "broken": Verdict(Outcome.REFUSED, again=True, executed=Executed.UNKNOWN),
        "other": Verdict(Outcome.REFUSED, again=False, executed=Executed.NOT_NOW),
    }
)
# What they are where there is no key: only a POST has one, by which Stripe knows earlier attempts.
KEYLESS: Mapping[str, str] = MappingProxyType({"stored": "other", "declined": "other"})


def verdict(answer: Answer, *, method: str = "POST") -> Verdict:
    """What an answer means to a request of this method; of a GET nothing is ever executed."""
    kind = _kind(answer)
    if method != "POST":
        kind = KEYLESS.get(kind, kind)
    return _verdict(kind, _advice(answer), method == "GET")


@cache
def _verdict(kind: str, again: bool | None, reads: bool) -> Verdict:  # noqa: FBT001 - as they come
    found = VERDICTS[kind]
    if again is not None and found.outcome is not Outcome.DONE:
        found = attrs.evolve(found, again=again)
    if reads and found.executed is not Executed.YES:
        found = attrs.evolve(found, executed=Executed.NO)
    return found


def _advice(answer: Answer) -> bool | None:
    """Whether it is to be sent again, where something else than its kind says so."""
    if isinstance(answer, Lost):
        return answer.again
    said = answer.headers.get("stripe-should-retry")
    return {"true": True, "false": False}.get(said or "")


def _kind(answer: Answer) -> str:
    if isinstance(answer, Lost):
        return "cut" if answer.sent else "unreached"
    if answer.succeeded:
        return "unreadable" if answer.output is None else "read"
    return _kind_of_refusal(answer)


def _kind_of_refusal(reply: Reply) -> str:
    if reply.error.get("code") == "idempotency_key_in_use":
        return "in_use"
    if reply.replayed:
        return "stored" if reply.status < 500 else "failed"
    if reply.status >= 500:
        return "broken"
    if reply.status in (409, 429):
        return "busy"
    by_stripe = reply.error.get("type") in ("invalid_request_error", "card_error")
    return "declined" if reply.status in (400, 402) and by_stripe else "other"

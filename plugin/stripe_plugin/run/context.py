"""Which run is it, and how patient is it?"""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import uniform
from typing import Any, Protocol, Self, TypeAlias

import attrs

from stripe_plugin.declare.options import ACCOUNT, OPTIONS, Options
from stripe_plugin.errors import InvalidInputs, Problem, UsageError
from stripe_plugin.run.kept import from_kept
from stripe_plugin.secrets import masked, shown
from stripe_plugin.wire.reply import Answer, Lost

HALF = re.compile("[\ud800-\udfff]")  # of a surrogate pair
LONGEST_NAME = 5_000  # characters
LONGEST_ITEM = 10**18
LONGEST_ADVICE = 60.0  # seconds of a Retry-After that are waited
LEAST_SECONDS, MOST_SECONDS = 1e-9, 1e18
CLOCKS_APART = 300  # seconds that another machine's clock may be ahead


class WrongCall(UsageError):
    """What a call names is not there, or is not so: whoever calls can mend it."""


class Account(Protocol):
    """What a run must know of a connection: never its key."""

    @property
    def account(self) -> str | None:
        """The connected account that it acts on, `acct_…`."""
        ...

    @property
    def mode(self) -> str:
        """`emulated`, `test` or `live`."""
        ...


Field: TypeAlias = "attrs.Attribute[Any]"


def _name(_: object, field: Field, value: object) -> None:
    """A name goes into logs and the idempotency key: text, not empty, and no secret."""
    if value is None:
        return
    if not isinstance(value, str) or not value:
        raise UsageError(f"{field.name} must be text and not empty; got {shown(value)}")
    if len(value) > LONGEST_NAME:
        raise UsageError(f"{field.name} has at most {LONGEST_NAME:,} characters")
    if HALF.search(value):
        raise UsageError(f"{field.name} holds half a surrogate pair, which cannot be kept")
    if masked(value) != value:
        raise UsageError(f"{field.name} is logged and sent: it may not hold a key or a secret")


def _item(instance: object, field: Field, value: object) -> None:
    """As a name, or a number."""
    if type(value) is not int or abs(value) >= LONGEST_ITEM:
        _name(instance, field, value)


def wrong_account(value: object) -> str | None:
    """What is wrong with the ID of a connected account.

    An empty one, such as an unset variable's, would act on another.
    """
    if value is None or (isinstance(value, str) and re.fullmatch(ACCOUNT, value)):
        return None
    return f"The account must look like acct_…; got {shown(value)}."


def _account(_: object, __: Field, value: object) -> None:
    if wrong := wrong_account(value):
        raise UsageError(wrong)


def is_number(value: object, least: float, most: float) -> bool:
    """Whether it is a number within bounds, both included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return least <= value <= most  # not as a float: a whole number may be too large for one


def _seconds(_: object, field: Field, value: object) -> None:
    if value is not None and not is_number(value, LEAST_SECONDS, MOST_SECONDS):
        raise UsageError(f"{field.name} must be seconds, more than 0; got {shown(value)}")


def _unix_time(instance: object, field: Field, value: Any) -> None:
    _seconds(instance, field, value)
    if value is not None and value > time.time() + CLOCKS_APART:
        raise UsageError(
            f"{field.name} is in the future: was a clock set back, or is it in milliseconds? It is"
            " unix seconds"
        )


@attrs.frozen
class RunContext:
    """Which run this is. Can be pickled, copied and written as JSON."""

    run_id: str | None = attrs.field(default=None, validator=_name)
    """With step and item, the name of the run: repeated under it, it only replays."""
    step: str | None = attrs.field(default=None, validator=_name)
    """The step of a flow; without one, the action."""
    item: str | int | None = attrs.field(default=None, validator=_item)
    """Which one, in a loop."""
    idempotency_key: str | None = attrs.field(default=None, validator=_name)
    """Instead of a name: what Stripe shall know the run by, 1 to 255 ASCII characters."""
    account: str | None = attrs.field(default=None, validator=_account)
    """Another connected account than the connection's, `acct_…`."""
    timeout: float | None = attrs.field(default=None, validator=_seconds)
    """Seconds for one attempt; without it the policy's."""
    deadline: float | None = attrs.field(default=None, validator=_seconds)
    """Seconds for the whole run: waiting for its turn and a connection, attempts and delays."""
    begun: float | None = attrs.field(default=None, validator=_unix_time)
    """When an earlier try of this run may first have been sent, in unix seconds."""

    def __attrs_post_init__(self) -> None:
        nameless = self.run_id is None and self.idempotency_key is None
        if self.begun is not None and nameless:
            raise UsageError("begun needs the run_id or idempotency_key of the earlier try")
        part = self.step is not None or self.item is not None
        if part and nameless:
            raise UsageError("step and item name a part of a run: they need its run_id")

    def told(self, options: Options) -> Self:
        """The same run as these options want it. `InvalidInputs` where both say something else."""
        return attrs.evolve(self, **_agreed(options, self.as_dict()))

    @classmethod
    def read(cls, options: Mapping[str, Any], **named: Any) -> Self:
        """The run that options by display key or name describe; `named`: the other fields.

        `Extra` and `Expand` are not the run's, but the action's. `InvalidInputs` has every problem.
        """
        said = _agreed(Options.read(options), named)
        return cls(**{**named, **said})

    def as_dict(self) -> dict[str, Any]:
        """As JSON data."""
        return attrs.asdict(self)

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """What `as_dict` gave. Raises `UsageError` for anything else."""
        return from_kept(kept, cls)


def _agreed(options: Options, own: Mapping[str, Any]) -> dict[str, Any]:
    """What options say of a run, of which `own` is known already."""
    said: dict[str, Any] = {}
    against: list[Problem] = []
    for name, value in options.run.items():
        if value is None:
            continue
        said[name] = value
        if own.get(name) not in (None, value):
            against.append(_contradiction(name))
    if against:
        raise InvalidInputs(against)
    return said


def _contradiction(name: str) -> Problem:
    """What is said otherwise already; the form that is shown it need not know how."""
    label = f"{OPTIONS} › {Options.table.words[name].key}"
    text = f"{label} is settled for this run already, as something else: leave it empty."
    return Problem((OPTIONS.lower(), name), label, "given_twice", text)


def _number(least: float, most: float) -> Any:
    def check(_: object, field: Field, value: object) -> None:
        if not is_number(value, least, most):
            raise UsageError(
                f"A policy's {field.name} must be a number from {least:g} to {most:g};"
                f" got {shown(value)}"
            )

    return check


_patience = _number(1e-3, 1e6)
_delay = _number(0, 1e6)


def _whole(instance: object, field: Field, value: object) -> None:
    _number(0, 1e6)(instance, field, value)
    if type(value) is not int:
        raise UsageError(f"A policy's {field.name} must be a whole number; got {shown(value)}")


@attrs.frozen
class Policy:
    """How patient a client is. The nth delay is `first_delay * 2 ** (n - 1)`, with jitter."""

    retries: int = attrs.field(default=3, validator=_whole)
    """Further attempts after the first."""
    timeout: float = attrs.field(default=80.0, validator=_patience)
    """Seconds for one attempt, from opening a connection to the last byte of the answer."""
    budget: float = attrs.field(default=150.0, validator=_patience)
    """Seconds for all attempts and the delays between them; waiting for a rate is not counted."""
    first_delay: float = attrs.field(default=0.5, validator=_delay)
    """Seconds before the second attempt."""
    longest_delay: float = attrs.field(default=5.0, validator=_delay)
    """Seconds that no delay of ours exceeds; Stripe may ask for up to 60."""
    log_inputs: bool = False
    """Whether log records hold the inputs, without secrets."""

    def delay(self, attempt: int, answer: Answer) -> float:
        """Seconds to wait after the nth attempt, at least what Stripe asks for."""
        doubled = self.first_delay * 2.0 ** min(attempt - 1, 60)
        backoff = min(doubled, self.longest_delay) * uniform(0.5, 1)  # noqa: S311 - no secret
        least = min(self.first_delay, self.longest_delay)
        return max(least, backoff, _retry_after(answer))


def _retry_after(answer: Answer) -> float:
    """Seconds that an answer asks to wait, given as a number or as a date; 0 without."""
    if isinstance(answer, Lost):
        return 0.0
    asked = answer.headers.get("retry-after", "")
    if re.fullmatch(r"\d{1,6}", asked):
        return min(float(asked), LONGEST_ADVICE)
    try:
        date = parsedate_to_datetime(asked)
    except ValueError:
        return 0.0
    until = date if date.tzinfo else date.replace(tzinfo=UTC)
    seconds = (until - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_ADVICE)

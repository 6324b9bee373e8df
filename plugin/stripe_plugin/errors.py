"""What can go wrong, as data that a form can show. No text in here ever holds a key."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from itertools import chain
from typing import Any, ClassVar, Self, cast

from stripe_plugin.secrets import masked, shown, without_secrets


class NodeError(Exception):
    """Everything that can end a run, as data: `as_dict` for a form or a queue, `from_dict` back.

    The words that all kinds share mean the same: `category` (which kind), `text` (the sentence for
    a person), `message` (the same without its place, where a kind has one), `http_status` (what a
    host's own API may answer with), `retryable` (the same run may succeed later), `outcome_unknown`
    (it may have been executed).
    """

    category: ClassVar[str] = ""
    http_status: ClassVar[int] = 500
    retryable: bool = False
    outcome_unknown: bool = False
    _kinds: ClassVar[dict[str, "type[NodeError]"]] = {}

    def __init_subclass__(cls, *, category: str = "", http_status: int = 0) -> None:
        if category:  # else it is one of its parent's kind
            cls.category, cls.http_status = category, http_status
            NodeError._kinds[category] = cls

    @property
    def text(self) -> str:
        """The sentence that a person reads, with the display key and path that it is about."""
        return str(self)

    def facts(self) -> dict[str, Any]:
        """What only this kind tells, as JSON data."""
        return {}

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Self:
        """What `facts` and the shared words gave."""
        return cls(facts["text"])

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON data without secrets."""
        shared = {
            "category": self.category,
            "text": self.text,
            "message": self.text,
            "http_status": self.http_status,
            "retryable": self.retryable,
            "outcome_unknown": self.outcome_unknown,
        }
        told = shared | self.facts()
        return cast("dict[str, Any]", without_secrets(told))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The error that `as_dict` gave, of this kind or one below it; else `UsageError`."""
        category = str(data.get("category"))
        if category not in NodeError._kinds:
            import_module("stripe_plugin.host.watch")  # whose kinds are not needed without a host
        kind = NodeError._kinds.get(category)
        if kind is None or not issubclass(kind, cls):
            raise UsageError(f"There is no {cls.__name__} of the category {shown(category)}")
        try:
            return kind.of_facts(data)
        except (KeyError, TypeError, AttributeError, UsageError):
            wrong = f"What is kept of an error of the category {category} is of another version"
            raise UsageError(wrong) from None


class UsageError(NodeError, category="usage", http_status=400):
    """An unknown action, an unusable key or option, a broken plugin or flow file."""

    def __init__(self, text: object) -> None:
        super().__init__(masked(str(text)))


class Denied(NodeError, category="denied", http_status=403):
    """A hook said no, before anything was sent: raise it with the reason."""

    def __init__(self, text: object) -> None:
        super().__init__(masked(str(text)))


def near(word: Any, known: Iterable[str]) -> str:
    """` (did you mean …?)` with the nearest known word, or nothing."""
    import difflib  # takes long to import, for a hint that is seldom needed

    names = reversed([*known])  # of two that fold alike the first counts
    by_fold = {_folded(name): name for name in names}
    typed = _folded(str(word)[:80])
    found = difflib.get_close_matches(typed, by_fold, n=1)
    return f" (did you mean {by_fold[found[0]]}?)" if found else ""


MOST_LISTED = 12  # values that a sentence names; of more, how many there are and the first few
LIST = re.compile(rf"(?:[^\s,]+, ){{{MOST_LISTED},}}(?:or |and )?[^\s,]*[^\s,.;]")


def listed(values: Sequence[str]) -> str:
    """`a, b, c` of a few values, of many `259 values, such as a, b, c`."""
    if len(values) <= MOST_LISTED:
        return ", ".join(values)
    return f"{len(values)} values, such as {', '.join(values[:3])}"


def _bounded(message: str) -> str:
    """A message of Stripe's, of whose long lists of values only the first few are named."""
    return LIST.sub(lambda found: listed(found[0].split(", ")), message)


def _folded(name: str) -> str:
    return name.casefold().replace("_", " ")


Path = tuple[str | int, ...]  # parameter names, keys, and positions counted from 0


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place inside of a value."""

    text: str  # behind the place, as in "must be text; got 5"
    rule: str  # the broken rule's name, as in `max_length`
    path: Path = ()  # the place, below the value
    words: str = ""  # the same for a sentence, counted from 1: " › 2 › Quantity"

    def inside(self, step: str | int, label: str = "") -> "Fault":
        """The same fault, seen from an object that has the value at `step`, or from a list.

        `label`: what sentences call the step, if not so.
        """
        above = words((label or step,))
        path = (step, *self.path)
        return Fault(self.text, self.rule, path, above + self.words)


def words(path: Path) -> str:
    """A path as sentences have it, counted from 1: ` › 2 › Quantity`."""
    return "".join(f" › {_counted(step)}" for step in path)


def _counted(step: str | int) -> str:
    return str(step + 1) if isinstance(step, int) else step


class Refused(ValueError):
    """One value cannot be taken; its `faults` say where in it, and why."""

    def __init__(self, faults: str | Sequence[Fault], rule: str = "type") -> None:
        if isinstance(faults, str):
            faults = [Fault(faults, rule)]
        self.faults = list(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "; ".join(fault.text for fault in self.faults[:20])


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the inputs of an action."""

    path: Path  # parameter names, then keys, and positions counted from 0
    key: str  # the display key, to point at its control; of an unknown input, what was given
    rule: str  # the broken rule: required, type, one_of, not_a_row, given_twice, excludes, …
    text: str  # the sentence, which begins with the display key

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe."""
        return {"path": [*self.path], "key": self.key, "rule": self.rule, "text": self.text}

    @classmethod
    def from_dict(cls, about: Mapping[str, Any]) -> "Problem":
        """The problem that gave `about` by `as_dict()`."""
        path = tuple(about["path"])
        return cls(path, about["key"], about["rule"], about["text"])


class InvalidInputs(NodeError, ValueError, category="invalid_inputs", http_status=422):
    """Inputs refused before anything was sent: `problems_at` has every `Problem`."""

    def __init__(self, problems_at: Sequence[Problem], action: str | None = None) -> None:
        self.problems_at = list(problems_at)
        self.action = action
        super().__init__(self.problems_at, action)

    @property
    def problems(self) -> dict[str, list[str]]:
        """The sentences by display key, for a form."""
        return sentences(self.problems_at)

    def __str__(self) -> str:
        texts = chain.from_iterable(self.problems.values())
        return " ".join(texts)

    def facts(self) -> dict[str, Any]:
        """The action, and its problems by display key and by path."""
        problems_at = [problem.as_dict() for problem in self.problems_at]
        return {"action": self.action, "problems": self.problems, "problems_at": problems_at}

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Self:
        """What `facts` gave."""
        problems = [Problem.from_dict(problem) for problem in facts["problems_at"]]
        return cls(problems, facts["action"])


def sentences(problems: Iterable[Problem]) -> dict[str, list[str]]:
    """What is wrong, by display key."""
    by_key: dict[str, list[str]] = {}
    for problem in problems:
        by_key.setdefault(problem.key, []).append(problem.text)
    return by_key


UNKNOWN = "It may have been executed all the same."


@dataclass(eq=False, kw_only=True)
class StripeError(NodeError, category="api", http_status=502):
    """Stripe refused the request, or its answer did not arrive.

    Without an answer `status`, `request_id` and all of Stripe's own words are None.
    """

    message: str  # Stripe's, or ours
    type: str | None = None  # Stripe's words, as its error object has them
    code: str | None = None
    decline_code: str | None = None
    advice_code: str | None = None  # what to do about a declined card
    network_decline_code: str | None = None
    param: str | None = None
    payment_intent: str | None = None  # the ID of the payment that failed, to go on with it
    charge: str | None = None
    doc_url: str | None = None
    request_log_url: str | None = None
    request_id: str | None = None
    status: int | None = None  # of Stripe's answer
    replayed: bool = False  # Stripe repeated an earlier answer
    rate_limit_reason: str | None = None  # Stripe-Rate-Limited-Reason, such as endpoint-rate
    display_key: str | None = None  # the form's row to point at
    path: tuple[str | int, ...] | None = None  # parameter names, and positions counted from 0
    place: str | None = None  # the same for a person: Line Items › 1 › Price Data
    retryable: bool = False  # the same run may succeed later
    outcome_unknown: bool = False  # may be executed: run it again under the same idempotency key
    attempts: int = 0
    action: str | None = None
    idempotency_key: str | None = None

    statuses: ClassVar[tuple[int, ...]] = ()

    def __init_subclass__(
        cls, *, category: str = "", http_status: int = 0, statuses: tuple[int, ...] = ()
    ) -> None:
        super().__init_subclass__(category=category, http_status=http_status)
        cls.statuses = statuses

    def __post_init__(self) -> None:
        self.message = masked(self.message)
        self.path = None if self.path is None else tuple(self.path)

    @property
    def text(self) -> str:
        """What is wrong, where, and whether it may have been executed."""
        place = self.place or self.display_key
        message = _bounded(self.message)
        sentence = f"{place}: {message}" if place else message
        if not self.outcome_unknown:
            return sentence
        return f"{sentence}{'' if sentence.endswith('.') else '.'} {UNKNOWN}"

    def __str__(self) -> str:
        reason = self.decline_code or self.code
        facts = [self.category, reason, self.payment_intent, self.request_id]
        return f"{self.text} [{', '.join(fact for fact in facts if fact)}]"

    @property
    def problems_at(self) -> list[Problem]:
        """What Stripe found wrong at a row, as a form shows our own problems; else none."""
        if self.path is None:
            return []
        key = self.display_key or ""
        rule = self.code or self.category
        return [Problem(self.path, key, rule, self.text)]

    def facts(self) -> dict[str, Any]:
        """Every field, `path` as a list; and what a form shows at its controls."""
        path = None if self.path is None else [*self.path]
        problems_at = [problem.as_dict() for problem in self.problems_at]
        return {**asdict(self), "path": path, "problems_at": problems_at}

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Self:
        """What `facts` gave."""
        known = cls.__dataclass_fields__.keys() & facts.keys()
        return cls(**{name: facts[name] for name in known})

    def __reduce__(self) -> Any:
        return partial(type(self), **asdict(self)), ()


class CardError(StripeError, category="card", http_status=402, statuses=(402,)):
    """The payment was declined; `decline_code` says why."""


class InvalidRequest(StripeError, category="invalid_request", http_status=400, statuses=(400, 404)):
    """Wrong parameters, or an object that is not there or not in the right state."""


class AuthenticationFailed(
    StripeError, category="authentication", http_status=502, statuses=(401,)
):
    """The key is wrong, expired or revoked."""


class PermissionDenied(StripeError, category="permission", http_status=502, statuses=(403,)):
    """The key may not do this; for a restricted key, Stripe names the permission."""


class IdempotencyConflict(StripeError, category="idempotency", http_status=409, statuses=(409,)):
    """The idempotency key was used for something else, or is in use right now."""


class RateLimited(StripeError, category="rate_limit", http_status=429, statuses=(429,)):
    """Too many requests, or another request holds the object's lock."""


class ConnectionFailed(StripeError, category="connection", http_status=504):
    """No complete answer arrived."""


class Unreconciled(StripeError, category="unreconciled", http_status=409):
    """It may have been executed, too long ago to be repeated safely: look at Stripe first."""


def kind_of(status: int, error_type: str | None, code: str | None) -> type[StripeError]:
    """The class of an error answer: what Stripe calls it first, then its status."""
    if error_type == "idempotency_error" or code == "idempotency_key_in_use":
        return IdempotencyConflict
    if code in ("rate_limit", "lock_timeout"):
        return RateLimited
    kinds = (kind for kind in StripeError.__subclasses__() if status in kind.statuses)
    return next(kinds, StripeError)

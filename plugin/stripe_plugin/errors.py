"""What can go wrong, as data that a form can show. No text in here ever holds a key."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from stripe_plugin.run.result import Result


from stripe_plugin.secrets import masked


def near(word: Any, known: Iterable[str]) -> str:
    """` (did you mean …?)` with the nearest known word, or nothing."""
    by_fold = {name.casefold().replace("_", " "): name for name in reversed([*known])}
    found = difflib.get_close_matches(str(word)[:80].casefold().replace("_", " "), by_fold, n=1)
    return f" (did you mean {by_fold[found[0]]}?)" if found else ""


Path = tuple[str | int, ...]  # parameter names, keys, and positions counted from 0


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place inside of a value."""

    text: str  # behind the place, as in "must be text; got 5"
    rule: str  # the broken rule's name, as in `max_length`
    path: Path = ()  # the place, below the value
    words: str = ""  # the same for a sentence, counted from 1: " › 2 › quantity"

    def inside(self, step: str | int) -> "Fault":
        """The same fault, seen from an object that has the value at `step`, or from a list."""
        return Fault(self.text, self.rule, (step, *self.path), words((step,)) + self.words)


def words(path: Path) -> str:
    """A path as sentences have it, counted from 1: ` › 2 › quantity`."""
    steps = [str(step + 1) if isinstance(step, int) else step for step in path]
    return "".join(f" › {step}" for step in steps)


class Refused(ValueError):
    """One value cannot be taken; its `faults` say where in it, and why."""

    def __init__(self, faults: str | Sequence[Fault], rule: str = "type") -> None:
        self.faults = [Fault(faults, rule)] if isinstance(faults, str) else list(faults)
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "; ".join(fault.text for fault in self.faults[:20])


class UsageError(Exception):
    """An unknown action, an unusable key or option, a broken plugin or flow file."""

    def __init__(self, text: object) -> None:
        super().__init__(masked(str(text)))


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
        return cls(tuple(about["path"]), about["key"], about["rule"], about["text"])


class InvalidInputs(ValueError):
    """Inputs refused before anything was sent: `problems_at` has every `Problem`."""

    def __init__(self, problems_at: Sequence[Problem], action: str | None = None) -> None:
        self.problems_at, self.action = list(problems_at), action
        super().__init__(self.problems_at, action)

    @property
    def problems(self) -> dict[str, list[str]]:
        """The sentences by display key, for a form."""
        return sentences(self.problems_at)

    def __str__(self) -> str:
        return " ".join(text for texts in self.problems.values() for text in texts)

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe; the same words as in `StripeError.as_dict()` mean the same."""
        return {
            "category": "invalid_inputs",
            "message": str(self),
            "action": self.action,
            "problems": self.problems,
            "problems_at": [problem.as_dict() for problem in self.problems_at],
            "retryable": False,
            "outcome_unknown": False,
        }

    @classmethod
    def from_dict(cls, about: Mapping[str, Any]) -> "InvalidInputs":
        """The error that gave `about` by `as_dict()`."""
        problems = [Problem.from_dict(problem) for problem in about["problems_at"]]
        return cls(problems, about["action"])


def sentences(problems: Iterable[Problem]) -> dict[str, list[str]]:
    """What is wrong, by display key."""
    by_key: dict[str, list[str]] = {}
    for problem in problems:
        by_key.setdefault(problem.key, []).append(problem.text)
    return by_key


@dataclass(eq=False, kw_only=True)
class StripeError(Exception):
    """Stripe refused the request, or its answer did not arrive."""

    category: ClassVar[str] = "api"
    statuses: ClassVar[tuple[int, ...]] = ()
    message: str
    type: str | None = None
    code: str | None = None
    decline_code: str | None = None
    param: str | None = None
    display_key: str | None = None  # the form's row to point at
    request_id: str | None = None
    status: int | None = None
    doc_url: str | None = None
    retryable: bool = False  # the same run may succeed later
    outcome_unknown: bool = False  # may be executed: run it again under the same idempotency key
    attempts: int = 0
    action: str | None = None
    idempotency_key: str | None = None
    rate_limit_reason: str | None = None  # Stripe-Rate-Limited-Reason, such as endpoint-rate

    def __init_subclass__(cls, *, category: str, statuses: tuple[int, ...] = ()) -> None:
        cls.category, cls.statuses = category, statuses

    def __post_init__(self) -> None:
        self.message = masked(self.message)

    def __str__(self) -> str:
        where = f"{self.display_key}: " if self.display_key else ""
        facts = [self.category, self.decline_code or self.code, self.request_id]
        stop = "" if self.message.endswith(".") else "."
        unknown = f"{stop} It may have been executed all the same." * self.outcome_unknown
        return f"{where}{self.message}{unknown} [{', '.join(filter(None, facts))}]"

    def as_dict(self) -> dict[str, Any]:
        """Everything a host or a form needs, JSON-safe."""
        return {"category": self.category, **asdict(self)}

    def __reduce__(self) -> Any:
        return partial(type(self), **asdict(self)), ()


class CardError(StripeError, category="card", statuses=(402,)):
    """The payment was declined; `decline_code` says why."""


class InvalidRequest(StripeError, category="invalid_request", statuses=(400, 404)):
    """Wrong parameters, or an object that is not there or not in the right state."""


class AuthenticationFailed(StripeError, category="authentication", statuses=(401,)):
    """The key is wrong, expired or revoked."""


class PermissionDenied(StripeError, category="permission", statuses=(403,)):
    """The key may not do this; for a restricted key, Stripe names the permission."""


class IdempotencyConflict(StripeError, category="idempotency", statuses=(409,)):
    """The idempotency key was used for something else, or is in use right now."""


class RateLimited(StripeError, category="rate_limit", statuses=(429,)):
    """Too many requests, or another request holds the object's lock."""


class ConnectionFailed(StripeError, category="connection"):
    """No complete answer arrived."""


class Unreconciled(StripeError, category="unreconciled"):
    """It may have been executed, too long ago to be repeated safely: look at Stripe first."""


class HookFailed(Exception):
    """A hook failed, by the error that is its cause, when Stripe had been asked already.

    `result` is what was done, or `error` says that its outcome is unknown.
    """

    def __init__(self, why: str, result: "Result | None", error: StripeError | None) -> None:
        self.why, self.result, self.error = masked(why)[:300], result, error
        super().__init__(self.why, result, error)

    def __str__(self) -> str:
        if self.result is None:
            return f"A hook failed ({self.why}) after this: {self.error}"
        what = f"{self.result.output.get('object')} {self.result.output.get('id')}"
        return (
            f"A hook failed ({self.why}) after Stripe had done it: {what}, request"
            f" {self.result.request_id}. Do not run it anew."
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe; the same words as in `StripeError.as_dict()` mean the same."""
        result, error = self.result and self.result.as_dict(), self.error and self.error.as_dict()
        facts = {"retryable": False, "outcome_unknown": not result, "result": result}
        return {"category": "hook", "message": str(self), **facts, "error": error}


def kind_of(status: int, error_type: str | None, code: str | None) -> type[StripeError]:
    """The class of an error answer: what Stripe calls it first, then its status."""
    if error_type == "idempotency_error" or code == "idempotency_key_in_use":
        return IdempotencyConflict
    if code in ("rate_limit", "lock_timeout"):
        return RateLimited
    kinds = (kind for kind in StripeError.__subclasses__() if status in kind.statuses)
    return next(kinds, StripeError)

"""What came of a run: Stripe's answer, or the error that a form can show."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import attrs

from stripe_plugin.declare.action import Action
from stripe_plugin.declare.recipe import Call, Done, Recipe
from stripe_plugin.declare.spec import Place, Spec
from stripe_plugin.errors import ConnectionFailed, StripeError, kind_of
from stripe_plugin.judge.values import is_object
from stripe_plugin.run.kept import from_kept
from stripe_plugin.run.pages import Pages
from stripe_plugin.run.turning import NEXT
from stripe_plugin.secrets import without_secrets
from stripe_plugin.wire.reply import Answer, Reply

OTHER_INPUTS = (
    "This run was sent before with other inputs, and may have been executed with them. Put those"
    " back to go on; a new run would do it once more."
)
STORED = " Stripe repeats this answer: look there what came of it, before a new run."
GONE = "Stripe finds it no more: an earlier try, whose answer was lost, did this, or somebody else."
INCOMPLETE = "Stripe's answer has not all that goes on from there."
DONE = " What was called so far was done."
PARTLY = " What comes before that in the recipe was done."
MORE = "These are the first {count:,} entries, as Most says: there are more behind the cursor."
EMULATOR = "stripe-nodes-emulator"  # the header by which our emulator says what it is


def _cut(output: Any) -> str:
    return repr(without_secrets(output))


@attrs.frozen
class Result:
    """Stripe's answer. Can be pickled and copied; shown, its secrets are cut."""

    output: dict[str, Any] = attrs.field(repr=_cut)  # Stripe's object, untouched
    request_id: str | None
    attempts: int
    #: Whether an earlier answer was repeated: nothing was executed again. Of a recipe: whether it
    #: had calls that change something, and each of them was repeated.
    replayed: bool
    livemode: bool
    mode: str  # emulated, test or live
    note: str | None = None  # what a person should know of how it was found

    def plain(self) -> dict[str, Any]:
        """The whole as JSON data, client secrets included, for whoever sends it on."""
        return attrs.asdict(self)

    def as_dict(self) -> dict[str, Any]:
        """As JSON data that is safe to keep: keys and client secrets in it are cut."""
        safe: dict[str, Any] = without_secrets(self.plain())
        return safe

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """What `plain` or `as_dict` gave. Raises `UsageError` for anything else."""
        return from_kept(kept, cls)


@attrs.frozen
class Course:
    """How a run went, whatever came of it."""

    attempts: int
    outcome_unknown: bool  # it may have been executed
    idempotency_key: str | None
    mode: str
    retryable: bool  # what failed may pass


def result(reply: Reply, course: Course, note: str | None = None) -> Result:
    """The result of a readable success."""
    output = reply.output or {}
    mode = _mode(reply, course)
    return Result(
        output,
        request_id=reply.request_id,
        attempts=course.attempts,
        replayed=reply.replayed,
        livemode=bool(output.get("livemode", mode == "live")),
        mode=mode,
        note=note,
    )


def whole(results: list[Result], entries: list[Any], pages: Pages) -> Result:
    """The result of a list that was read page by page: one list, and how far it goes."""
    first, last = results[0], results[-1]
    output = {**first.output, "data": entries, "has_more": pages.has_more}
    if NEXT in output:
        output[NEXT] = last.output.get(NEXT)
    return attrs.evolve(
        last,
        output={**output, "cursor": pages.cursor, "requests": pages.requests},
        attempts=max(result.attempts for result in results),
        replayed=all(result.replayed for result in results),
        note=MORE.format(count=len(entries)) if pages.has_more else None,
    )


class Made(NamedTuple):
    """A call of a recipe that was made, and its result."""

    call: Call
    result: Result


def of_calls(made: list[Made], done: Done) -> Result:
    """The result of a recipe: what its calls came to, as one."""
    writing = [each.result.replayed for each in made if each.call.writes]
    return attrs.evolve(
        made[-1].result,
        output=done.output,
        attempts=max(each.result.attempts for each in made),
        replayed=bool(writing) and all(writing),
        note=done.note,
    )


def tell_of_call(error: StripeError, recipe: Recipe, call: Call, made: list[Made]) -> None:
    """Makes the error of a call the recipe's: which call, where its input stands, what is done."""
    error.action = recipe.spec.id
    error.message = f"{call.action.spec.name}: {error.message.rstrip('.')}."
    _put(error, recipe.locate(call.param(error.param), error.code))
    if any(each.call.writes for each in made):
        error.message += PARTLY
        error.outcome_unknown = True


def unread(recipe: Recipe, made: list[Made], key: str | None) -> ConnectionFailed:
    """The error of a recipe that misses something in what its last call was answered."""
    last = made[-1]
    wrote = any(each.call.writes for each in made)
    message = f"{last.call.action.spec.name}: {INCOMPLETE}"
    return ConnectionFailed(
        message=f"{message}{DONE}" if wrote else message,
        code="no_answer",
        retryable=True,
        outcome_unknown=wrote,
        request_id=last.result.request_id,
        attempts=last.result.attempts,
        action=recipe.spec.id,
        idempotency_key=key,
    )


def gone(reply: Reply, course: Course, action: Action) -> Result:
    """The result of a deletion whose first answer was lost: only what is known of it."""
    mode = _mode(reply, course)
    output: dict[str, Any] = {"id": _identity(action)}
    if action.spec.output_excerpt.get("deleted"):
        output["deleted"] = True
    return Result(
        output,
        request_id=reply.request_id,
        attempts=course.attempts,
        replayed=True,
        livemode=mode == "live",
        mode=mode,
        note=GONE,
    )


def _identity(action: Action) -> str:
    """The ID that the path ends with: in `/v1/customers/{customer}/tax_ids/{id}` the second."""
    in_path, _ = action.parameters()
    return in_path[action.spec.path_names[-1]]


def _mode(reply: Reply, course: Course) -> str:
    """An emulator that is reached by an address says itself what it is."""
    return "emulated" if EMULATOR in reply.headers else course.mode


def no_answer(answer: Answer, course: Course, spec: Spec) -> ConnectionFailed:
    """The error of a run whose last attempt brought no answer that can be read."""
    reason = "Stripe's answer cannot be read." if isinstance(answer, Reply) else answer.reason
    if not course.outcome_unknown and spec.method != "GET":
        reason += " Nothing was executed."
    return ConnectionFailed(
        message=reason,
        code="no_answer",
        retryable=True,
        outcome_unknown=course.outcome_unknown,
        attempts=course.attempts,
        action=spec.id,
        idempotency_key=course.idempotency_key,
    )


# What an error keeps of Stripe's own, as texts; of an object its ID.
STRIPES_WORDS = (
    *("type", "code", "decline_code", "advice_code", "network_decline_code", "param"),
    *("payment_intent", "charge", "doc_url", "request_log_url"),
)


def refusal(reply: Reply, course: Course, action: Action) -> StripeError:
    """The error of a run that Stripe refused, at the row of the form that it is about."""
    words = _stripes_words(reply.error)
    kind = kind_of(reply.status, words["type"], words["code"])
    error = kind(
        message=_message(reply),
        request_id=reply.request_id,
        status=reply.status,
        replayed=reply.replayed,
        rate_limit_reason=reply.headers.get("stripe-rate-limited-reason"),
        retryable=course.retryable,
        outcome_unknown=course.outcome_unknown,
        attempts=course.attempts,
        action=action.spec.id,
        idempotency_key=course.idempotency_key,
        **words,
    )
    _put(error, action.locate(error.param, error.code))
    return error


def _put(error: StripeError, place: Place | None) -> None:
    """Puts an error at the row of the form that it is about, or at none."""
    error.display_key = place.key if place else None
    error.path = place.path if place else None
    error.place = place.text if place else None


def _stripes_words(error: Mapping[str, Any]) -> dict[str, Any]:
    return {word: _text(error.get(word)) for word in STRIPES_WORDS}


def _message(reply: Reply) -> str:
    if reply.error.get("type") == "idempotency_error":
        return OTHER_INPUTS  # Stripe advises another key, which would be a second execution
    message = reply.error.get("message")
    text = str(message) if message else f"Stripe answered {reply.status} without saying why."
    return text + STORED if reply.replayed and reply.status >= 500 else text


def _text(found: Any) -> str | None:
    """A text, or the ID of an object that an error holds in full."""
    text = found.get("id") if is_object(found) else found
    return text if isinstance(text, str) else None

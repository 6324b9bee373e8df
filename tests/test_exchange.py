"""What is sent, what is sent again and under which key, and what a refusal becomes."""

import asyncio
import contextlib
import json
import pickle
import re
import socketserver
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from driving import AT_ONCE, CONNECTION, Driven, begun, drive, first
from hypothesis import given, settings
from hypothesis import strategies as st
from support import ACTIONS, RECIPES, first_sent, made, referred, right

from stripe_plugin import (
    Action,
    AsyncClient,
    Client,
    Connection,
    InvalidInputs,
    Policy,
    Result,
    RunContext,
    StripeError,
    UsageError,
)
from stripe_plugin.run.exchange import STRIPE_VERSION, Send
from stripe_plugin.wire.reply import Lost, Reply

KEY = "sk_test_51HxVerySecretKey"
CREATE, RETRIEVE, DELETE = "create_price", "retrieve_price", "delete_product"

Answer = Reply | Lost


def reply(status: int, body: object = None, **headers: str) -> Reply:
    """Stripe's reply; `headers` with _ for -."""
    text = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, text)


def refused(status: int, **error: object) -> Reply:
    """Stripe's refusal."""
    return reply(status, {"error": error}, request_id="req_1")


OK = reply(200, {"id": "price_1", "object": "price", "livemode": False}, request_id="req_1")
CUT = Lost("Stripe hung up.", sent=True)
UNREACHED = Lost("Stripe could not be reached.", sent=False)


class Run(Driven):
    """An exchange, driven with these answers; the last one is given to all further attempts."""

    def __init__(
        self,
        action: Action | str,
        *answers: Answer,
        context: RunContext | None = None,
        policy: Policy = AT_ONCE,
        connection: Connection = CONNECTION,
    ) -> None:
        action = made(action) if isinstance(action, str) else action
        vars(self).update(vars(drive(begun(action, context, policy, connection), *answers)))


# --- what is sent again ---------------------------------------------------------------------------

# The SDKs leave a 429 to Stripe-Should-Retry; here it is sent again, as a rate limit passes.
RETRIED_HERE = {(429, None)}
DECISIONS = referred("conformance.json", "retry", "decisions", key="status")


@pytest.mark.parametrize("case", DECISIONS)
@pytest.mark.parametrize("name", [CREATE, RETRIEVE, DELETE])
def test_the_sdks_decisions(case: dict[str, Any], name: str) -> None:
    """A reply is sent again exactly where the SDKs do so, and on every 429."""
    advice = case["stripe_should_retry"]
    headers = {} if advice is None else {"stripe_should_retry": advice}
    again = case["retry"] or (case["status"], advice) in RETRIED_HERE
    run = Run(name, reply(case["status"], {"id": "x"}, **headers), policy=Policy(first_delay=0.0))
    assert len(run.attempts) == (4 if again else 1)


def test_the_documented_difference_is_one(conformance: Any) -> None:
    """The SDKs' table really differs where it is said to."""
    table = {
        (case["status"], case["stripe_should_retry"]): case["retry"]
        for case in conformance["retry"]["decisions"]
    }
    assert len(table) == 17
    assert not any(table[case] for case in RETRIED_HERE)


AGAIN = [
    (CUT, 4),
    (UNREACHED, 4),
    (refused(429, code="lock_timeout"), 4),
    (refused(429, code="rate_limit"), 4),
    (refused(409, code="idempotency_key_in_use", type="idempotency_error"), 4),
    (reply(200, b"{"), 4),
    (reply(200, b"<html>"), 4),
    (reply(500, {"error": {}}, idempotent_replayed="true"), 1),
    (reply(409, {"error": {}}, idempotent_replayed="true"), 1),
    (reply(500, {}, idempotent_replayed="true", stripe_should_retry="true"), 4),
    (reply(503, {}, stripe_should_retry="perhaps"), 4),
    (reply(200, {"id": "x"}, stripe_should_retry="true"), 1),
    (reply(302, b""), 1),
    (reply(404, b"<html>"), 1),
]


@pytest.mark.parametrize(("answer", "attempts"), AGAIN)
def test_what_else_is_sent_again(answer: Answer, attempts: int) -> None:
    """What never arrived, locks, conflicts and garbled answers are tried again; a replay is not."""
    assert len(Run(CREATE, answer).attempts) == attempts


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_the_policy_counts_further_attempts(retries: int) -> None:
    """As many further attempts are made as the policy says, and the error counts them all."""
    run = Run(CREATE, reply(500), policy=Policy(retries=retries, first_delay=0.0))
    assert len(run.attempts) == retries + 1 == run.failure.attempts


def test_a_late_success_is_a_success() -> None:
    """An answer after failures is a result that counts the attempts."""
    run = Run(CREATE, CUT, reply(503), OK)
    assert run.result is not None
    assert (run.result.attempts, run.result.output["id"]) == (3, "price_1")


def test_every_attempt_is_the_same() -> None:
    """Further attempts repeat request and headers, the idempotency key among them."""
    run = Run(CREATE, CUT, reply(500), reply(429), OK)
    assert len(run.attempts) == 4
    assert {id(attempt.headers) for attempt in run.attempts} == {id(run.headers)}
    assert len({attempt.request for attempt in run.attempts}) == 1
    assert (
        run.attempts[3].headers
        == Run(
            CREATE, OK, context=RunContext(idempotency_key=run.headers["Idempotency-Key"])
        ).headers
    )


# --- when it is sent again ------------------------------------------------------------------------


def test_delays_grow_with_jitter() -> None:
    """The delays double from half a second to five, each cut by at most a half, but to no less."""
    seen: list[list[float]] = [Run(CREATE, CUT, policy=Policy(retries=6)).waits for _ in range(50)]
    for delays in seen:
        for delay, most in zip(delays, [0.5, 1, 2, 4, 5, 5], strict=True):
            assert max(0.5, most / 2) <= delay <= most
    assert len({delays[3] for delays in seen}) > 1


def test_no_delay_is_longer_than_the_longest() -> None:
    """Also where the first would be: it is the shorter one that counts."""
    policy = Policy(first_delay=10, longest_delay=1)
    assert {policy.delay(attempt, CUT) for attempt in (1, 2, 9)} == {1}


def test_delays_are_the_sdks_but_for_the_jitter(conformance: Any) -> None:
    """Without jitter the delays would be the official SDK's."""
    limits = conformance["retry"]["sleep_no_jitter"]
    policy = Policy(retries=len(limits))
    for attempt, most in enumerate(limits, 1):
        delays = [policy.delay(attempt, CUT) for _ in range(200)]
        assert max(delays) <= most
        assert max(delays) > most * 0.9
    assert policy.first_delay == conformance["retry"]["INITIAL_DELAY"]
    assert policy.longest_delay == conformance["retry"]["MAX_DELAY"]


@pytest.mark.parametrize(
    ("asked", "wait"),
    [("7", 7.0), ("600", 60.0), ("0", 0.0), ("soon", 0.0), ("-5", 0.0), ("1.5", 0.0), ("²", 0.0)],
)
def test_retry_after_is_honoured(asked: str, wait: float) -> None:
    """Retry-After in whole seconds is waited for, up to a minute; other texts are ignored."""
    run = Run(CREATE, reply(429, None, retry_after=asked), OK)
    assert run.waits == [wait]


def test_the_budget_ends_the_attempts() -> None:
    """No attempt starts after the budget, and each gets at most what is left of it."""
    policy = Policy(retries=99, budget=100.0, timeout=80.0, first_delay=0.0)
    slow = Lost("Stripe hung up.", sent=True, took=30.0)
    run = Run(CREATE, slow, policy=policy)
    assert [attempt.timeout for attempt in run.attempts] == [80.0, 70.0, 40.0, 10.0]
    assert [attempt.patience for attempt in run.attempts] == [100.0, 70.0, 40.0, 10.0]


def test_a_wait_beyond_the_budget_is_not_waited() -> None:
    """Where Stripe asks for more patience than the budget has, the run ends at once."""
    policy = Policy(budget=30.0, first_delay=0.0)
    assert len(Run(CREATE, reply(429, None, retry_after="59"), policy=policy).attempts) == 1


@pytest.mark.parametrize(("asked", "timeout"), [(None, 80.0), (5.0, 5.0), (1000.0, 150.0)])
def test_the_timeout_of_one_attempt(asked: float | None, timeout: float) -> None:
    """A run may ask for another timeout than the policy's, but for no more than the budget."""
    run = Run(CREATE, OK, context=RunContext(timeout=asked), policy=Policy())
    assert run.attempts[0].timeout == timeout


# --- under which key ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIONS)
def test_only_a_post_has_an_idempotency_key(name: str) -> None:
    """Every POST carries an idempotency key of at most 255 characters, no GET or DELETE does."""
    action = made(name)
    headers = first(begun(action)).headers
    posts = first_sent(action).spec.method == "POST"
    assert ("Idempotency-Key" in headers) is posts
    assert len(headers.get("Idempotency-Key", "")) <= 255
    assert headers["Stripe-Version"] == STRIPE_VERSION
    assert ("Content-Type" in headers) is posts


def key_of(context: RunContext, connection: Connection = CONNECTION, name: str = CREATE) -> str:
    """The idempotency key that a run is sent under."""
    return Run(name, OK, context=context, connection=connection).headers["Idempotency-Key"]


NAMED = RunContext(run_id="run-1", step="price", item=3)


def test_a_named_run_has_one_key() -> None:
    """The same run, step and item always give the same key; a run without a name never does."""
    assert key_of(NAMED) == key_of(RunContext(run_id="run-1", step="price", item=3))
    assert key_of(RunContext()) != key_of(RunContext())


def test_the_key_of_a_named_run_never_changes() -> None:
    """A release that derived other keys would execute again what an earlier one has executed."""
    assert key_of(NAMED) == "97e2ab2d-a3d9-5b3b-a071-d5b08a2f9e57"


OTHERS = [
    RunContext(run_id="run-2", step="price", item=3),
    RunContext(run_id="run-1", step="other", item=3),
    RunContext(run_id="run-1", step="price", item=4),
    RunContext(run_id="run-1", step="price"),
    RunContext(run_id="run-1", item=3),
    RunContext(run_id="run-1", step="price", item=3, account="acct_2"),
    RunContext(run_id="run-1price", step="_", item=3),
]


def test_a_name_is_its_text() -> None:
    """A host that keeps names as text after a restart still names the same run."""
    assert key_of(RunContext(run_id="run-1", step="price", item="3")) == key_of(NAMED)


@pytest.mark.parametrize("empty", ["run_id", "step", "item", "account"])
def test_an_empty_name_is_refused(empty: str) -> None:
    """An empty name, which an unset variable gives, would be the same run for ever."""
    given: dict[str, Any] = {empty: ""}
    with pytest.raises(UsageError, match=r"not empty|acct_"):
        RunContext(**given)


@pytest.mark.parametrize("other", OTHERS)
def test_another_run_has_another_key(other: RunContext) -> None:
    """Another run, step, item or account gives another key, whatever the names hold."""
    assert key_of(other) != key_of(NAMED)


def test_the_key_follows_the_account_and_not_the_secret() -> None:
    """The connection's account is part of the key, like the run's; the API key is not."""
    on_account = Connection(KEY, "acct_2")
    asked = RunContext(run_id="run-1", step="price", item=3, account="acct_2")
    assert key_of(NAMED, on_account) == key_of(asked)
    assert key_of(NAMED, Connection("sk_test_rolledover")) == key_of(NAMED)


def test_an_unnamed_step_is_named_by_its_action() -> None:
    """Two actions of one run have two keys although neither names its step."""
    context = RunContext(run_id="run-1")
    assert key_of(context) != key_of(context, name="create_product")


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.text(min_size=1, max_size=4), st.text(min_size=1, max_size=4), st.integers(0, 3)
        ),
        max_size=6,
    )
)
def test_keys_are_as_different_as_names(names: list[tuple[str, str, int]]) -> None:
    """Different names of runs never share a key."""
    keys = {key_of(RunContext(run_id=run, step=f"s{step}", item=i)) for run, step, i in names}
    assert len(keys) == len(set(names))


def test_a_given_key_is_sent_as_it_is() -> None:
    """An idempotency key that is given goes before the run's name and is sent unchanged."""
    assert key_of(RunContext(run_id="r", idempotency_key="order/1;x")) == "order/1;x"


@pytest.mark.parametrize("wrong", ["", "x" * 256, "a b", "a\r\nX: y", "a\n", "ö", "\0", "\x7f"])
def test_an_unusable_key_is_refused(wrong: str) -> None:
    """Idempotency keys that no header can hold are refused before anything is sent."""
    with pytest.raises(UsageError, match=r"(?i)idempotency.key"):
        Run(CREATE, OK, context=RunContext(idempotency_key=wrong))


@pytest.mark.parametrize("wrong", ["", "acct_", "cus_1", "acct_1\r\nX: y", "acct_1\n", "acct_ö"])
def test_an_unusable_account_is_refused(wrong: str) -> None:
    """Accounts that are none, or would split a header, are refused: in a connection, in a run."""
    with pytest.raises(UsageError, match="account"):
        Connection(KEY, wrong)
    if wrong:
        with pytest.raises(UsageError, match="account"):
            Run(CREATE, OK, context=RunContext(account=wrong))


def test_an_account_is_acted_on() -> None:
    """A connection's account is sent along; a run may name another."""
    connection = Connection(KEY, "acct_1")
    assert "Stripe-Account" not in Run(CREATE, OK).headers
    assert Run(CREATE, OK, connection=connection).headers["Stripe-Account"] == "acct_1"
    context = RunContext(account="acct_2")
    run = Run(CREATE, OK, connection=connection, context=context)
    assert run.headers["Stripe-Account"] == "acct_2"


# --- what a run adds ------------------------------------------------------------------------------


def test_expand_and_extra_are_added() -> None:
    """What a run expands joins the row of that name, and extra parameters follow the rows."""
    one = made("retrieve_checkout_session", {"ID": "cs_1", "Expand": ["line_items"]})
    one = ACTIONS[one.spec.id].read(one.inputs(), expand=["customer"], extra={"a": {"b": 1}})
    sent = Run(one, OK).attempts[0].request.params
    assert sorted(sent) == [("a[b]", "1"), ("expand[0]", "line_items"), ("expand[1]", "customer")]


def test_the_answer_is_stripes_untouched() -> None:
    """A result is Stripe's object as it is, with the facts of the exchange beside it."""
    body = {"id": "price_1", "object": "price", "livemode": True, "new_field": [None, {"x": 1.5}]}
    answer = reply(200, body, request_id="req_9", idempotent_replayed="true")
    result = Run(CREATE, answer).result
    assert result == Result(body, "req_9", 1, True, True, "test")
    assert json.loads(json.dumps(result.as_dict()))["output"] == body


# --- what a refusal becomes -----------------------------------------------------------------------

CATEGORIES = {
    "InvalidRequest": "invalid_request",
    "Idempotency": "idempotency",
    "RateLimit": "rate_limit",
    "Authentication": "authentication",
    "Card": "card",
    "Permission": "permission",
    "API": "api",
}
# Not OAuth here, so an error that is text has its status's category; and where SDKs have no class.
_NO_CLASS = "API in stripe-python (no 409 branch); retried first; give it Idempotency/Conflict"
OWN_CATEGORIES = {
    _NO_CLASS: "idempotency",
    "API (invalid body)": "connection",
    "OAuth InvalidGrant": "invalid_request",
    "OAuth InvalidClient": "authentication",
    "OAuth InvalidRequest": "invalid_request",
}


@pytest.mark.parametrize("case", referred("conformance.json", "errors", key="cls"))
def test_an_error_has_its_category(case: dict[str, Any]) -> None:
    """Each of the reference's error answers becomes an error of the category that belongs to it."""
    body = case["body"].encode() if isinstance(case["body"], str) else case["body"]
    error = Run(CREATE, reply(case["status"], body)).failure
    assert error.category == (CATEGORIES | OWN_CATEGORIES)[case["cls"]]
    assert error.message


MORE = [
    (reply(404, {"error": {"code": "resource_missing"}}), "invalid_request"),
    (reply(400, {"error": {"code": "lock_timeout"}}), "rate_limit"),
    (reply(418, {"error": {}}), "api"),
    (reply(302, b""), "api"),
    (reply(503, b"<html>busy</html>"), "api"),
    (reply(500, {"error": ["odd"]}), "api"),
    (reply(401, b"[]"), "authentication"),
    (CUT, "connection"),
    (UNREACHED, "connection"),
]


@pytest.mark.parametrize(("answer", "category"), MORE)
def test_odd_answers_have_a_category_too(answer: Answer, category: str) -> None:
    """Answers that no API reference shows become errors as well, with a sentence."""
    error = Run(CREATE, answer).failure
    assert error.category == category
    assert error.message
    json.dumps(error.as_dict(), allow_nan=False)


def test_an_error_carries_what_stripe_said() -> None:
    """Code, decline code, parameter, request ID, status and docs URL are passed on, JSON-safe."""
    answer = refused(
        402,
        type="card_error",
        code="card_declined",
        decline_code="insufficient_funds",
        param="payment_method",
        message="Your card has insufficient funds.",
        doc_url="https://docs.stripe.com/error-codes/card-declined",
    )
    error = Run("create_payment_intent", answer).failure
    about = json.loads(json.dumps(error.as_dict()))
    assert {word: said for word, said in about.items() if said is not None} == {
        "category": "card",
        "text": "Payment Method: Your card has insufficient funds.",
        "http_status": 402,
        "place": "Payment Method",
        "path": ["payment_method"],
        "problems_at": [
            {
                "path": ["payment_method"],
                "key": "Payment Method",
                "rule": "card_declined",
                "text": "Payment Method: Your card has insufficient funds.",
            }
        ],
        "replayed": False,
        "message": "Your card has insufficient funds.",
        "type": "card_error",
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "param": "payment_method",
        "display_key": "Payment Method",
        "request_id": "req_1",
        "status": 402,
        "doc_url": "https://docs.stripe.com/error-codes/card-declined",
        "retryable": False,
        "outcome_unknown": False,
        "attempts": 1,
        "action": "create_payment_intent",
        "idempotency_key": error.idempotency_key,
    }
    assert str(error).startswith("Payment Method: Your card has insufficient funds.")
    assert "insufficient_funds, req_1" in str(error)


ROWS = [
    ("create_subscription", "items[0][price]", "resource_missing", "Items"),
    ("create_invoice_item", "pricing[price]", "resource_missing", "Price"),
    ("retrieve_price", "price", "resource_missing", "Price ID"),
    ("retrieve_product", "product", "resource_missing", "Product ID"),
    ("cancel_subscription", "id", "resource_missing", "Subscription ID"),
    ("create_customer", "address[country]", "parameter_unknown", "Address"),
    ("list_customers", "starting_after", "resource_missing", "Starting After"),
    ("create_price", "tiers[0][up_to]", "parameter_missing", None),
    ("create_price", None, None, None),
]


@pytest.mark.parametrize(("name", "param", "code", "key"), ROWS)
def test_an_error_points_at_the_row(
    name: str, param: str | None, code: str | None, key: str | None
) -> None:
    """Stripe's parameter, nested, renamed or in the path, becomes the display key of a row."""
    assert Run(name, refused(400, param=param, code=code)).failure.display_key == key


UNKNOWN = [
    (CREATE, [CUT], True),
    (CREATE, [UNREACHED], False),
    (CREATE, [CUT, UNREACHED], True),
    (CREATE, [reply(500)], True),
    (CREATE, [reply(503), refused(400, type="invalid_request_error")], False),
    (CREATE, [CUT, refused(402, type="card_error")], False),
    (CREATE, [CUT, refused(409, code="idempotency_key_in_use")], True),
    (CREATE, [refused(409, code="idempotency_key_in_use")], True),
    (CREATE, [CUT, reply(400, b"<html>nginx")], True),
    (CREATE, [CUT, reply(400, {})], True),
    (CREATE, [CUT, reply(429)], True),
    (CREATE, [reply(429)], False),
    (CREATE, [refused(400)], False),
    (CREATE, [reply(200, b"{")], True),
    (CREATE, [reply(200, b"{"), UNREACHED], True),
    (RETRIEVE, [CUT], False),
    (RETRIEVE, [reply(500)], False),
    (RETRIEVE, [reply(200, b"{")], False),
    (DELETE, [CUT], True),
    (DELETE, [reply(500)], True),
    (DELETE, [refused(404)], False),
]


@pytest.mark.parametrize(("name", "answers", "unknown"), UNKNOWN)
def test_whether_it_may_have_been_executed(
    name: str, answers: Sequence[Answer], *, unknown: bool
) -> None:
    """Only what may have been executed says so: a read never, a settled refusal no more."""
    error = Run(name, *answers).failure
    assert error.outcome_unknown is unknown
    assert ("may have been executed" in str(error)) is unknown


ABSENT = refused(404, code="resource_missing")


@pytest.mark.parametrize("answers", [[CUT, ABSENT], [reply(500), ABSENT], [UNREACHED, CUT, ABSENT]])
@pytest.mark.parametrize(
    "name", [name for name in ACTIONS if ACTIONS[name].spec.method == "DELETE"]
)
def test_a_deletion_whose_answer_was_lost_is_done(name: str, answers: Sequence[Answer]) -> None:
    """After a try that may have worked, gone is what was asked for: a success that says so."""
    run = Run(name, *answers)
    assert run.result is not None
    spec = ACTIONS[name].spec
    identity = right(name)[next(row.key for row in spec.rows if row.name in spec.path_names)]
    stub = {"deleted": True} if spec.output_excerpt.get("deleted") else {}
    assert run.result.output == {"id": identity, **stub}
    assert (run.result.replayed, run.result.attempts) == (True, len(answers))
    assert run.result.note is not None


@pytest.mark.parametrize(
    ("answers", "unknown"),
    [
        ([ABSENT], False),
        ([UNREACHED, ABSENT], False),
        ([reply(429), ABSENT], False),
        ([CUT, refused(404)], True),
        ([CUT, reply(404, b"<html>")], True),
        ([CUT, refused(401)], True),
        ([CUT, refused(400, type="invalid_request_error")], True),
        ([refused(400, type="invalid_request_error")], False),
    ],
)
def test_a_deletion_is_not_done_by_any_refusal(answers: Sequence[Answer], *, unknown: bool) -> None:
    """Where no try may have worked, or something else answers, a deletion is an error.

    It has no key: what Stripe says of a later try says nothing of an earlier one.
    """
    assert Run(DELETE, *answers).failure.outcome_unknown is unknown


def earlier(hours: float, name: str, *answers: Answer) -> Run:
    """A run that a process before this one may have sent already."""
    context = RunContext(run_id="r1", begun=time.time() - hours * 3600)
    return Run(name, *answers, context=context)


@pytest.mark.parametrize(
    ("answer", "unknown"),
    [
        (UNREACHED, True),
        (reply(429), True),
        (refused(401), True),
        (refused(402), True),
        (refused(402, type="card_error"), False),
    ],
)
def test_an_earlier_process_may_have_executed_it(answer: Answer, *, unknown: bool) -> None:
    """What was begun before stays unknown until Stripe settles it."""
    assert earlier(1, CREATE, answer).failure.outcome_unknown is unknown


def test_an_earlier_process_may_have_deleted_it() -> None:
    """A deletion that was begun before and is gone now is done."""
    gone = earlier(1, DELETE, ABSENT).result
    assert gone is not None
    assert gone.note is not None


@pytest.mark.parametrize("name", [CREATE, "update_product", DELETE, RETRIEVE])
def test_what_was_begun_too_long_ago_is_not_sent(name: str) -> None:
    """After 23 hours Stripe's memory of the key is not trusted: one is told what to look for."""
    run = earlier(23.1, name, OK)
    if name == RETRIEVE:
        assert run.result is not None
        return
    assert run.attempts == []
    error = run.failure
    assert (error.category, error.code) == ("unreconciled", "key_expired")
    assert (error.outcome_unknown, error.retryable, error.attempts) == (True, False, 0)
    assert ACTIONS[name].spec.name in error.message
    assert "look at Stripe" in error.message
    assert ("list_" in error.message) == (name == CREATE)
    assert error.idempotency_key == earlier(1, name, OK).headers.get("Idempotency-Key")


def test_other_inputs_under_a_used_key_are_no_reason_for_another_key() -> None:
    """Stripe advises another key then, which would execute it twice: we do not repeat that."""
    answer = refused(400, type="idempotency_error", message="Try using a key other than 'x'.")
    error = Run(CREATE, answer).failure
    assert error.category == "idempotency"
    assert "other inputs" in error.message
    assert "other than" not in error.message
    assert not error.outcome_unknown


def test_a_stored_failure_says_where_to_look() -> None:
    """A failure that Stripe repeats under the key will not go away: one has to look there."""
    answer = reply(500, {"error": {"message": "Sorry."}}, idempotent_replayed="true")
    assert "Stripe repeats this answer" in Run(CREATE, answer).failure.message


def test_the_reason_of_a_rate_limit_is_passed_on() -> None:
    """Stripe-Rate-Limited-Reason tells which limit it was."""
    answer = reply(429, None, stripe_rate_limited_reason="endpoint-rate")
    assert Run(CREATE, answer).failure.rate_limit_reason == "endpoint-rate"


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (reply(500), True),
        (reply(429), True),
        (refused(400), False),
        (CUT, True),
        (refused(402), False),
    ],
)
def test_whether_to_run_it_again(answer: Answer, *, retryable: bool) -> None:
    """An error says whether the same run may succeed later."""
    assert Run(CREATE, answer).failure.retryable is retryable


@pytest.mark.parametrize("answer", [CUT, reply(500), reply(409), refused(402)])
def test_an_error_names_the_key_to_repeat_it_under(answer: Answer) -> None:
    """The error of a POST carries the idempotency key that it can be repeated under."""
    run = Run(CREATE, answer)
    assert run.failure.idempotency_key == run.headers["Idempotency-Key"]


# --- an error on its way --------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [refused(402, code="card_declined"), CUT, refused(429)])
def test_an_error_can_be_pickled(answer: Answer) -> None:
    """An error survives a pickle, as task queues do it, with its class and everything it says."""
    error = Run(CREATE, answer).failure
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(again) is type(error)
    assert again.as_dict() == error.as_dict()


def test_invalid_inputs_can_be_pickled() -> None:
    """A refusal of inputs survives a pickle too."""
    with pytest.raises(InvalidInputs) as caught:
        made(CREATE, {"Currency": 5})
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert again.as_dict() == caught.value.as_dict()


# --- over a real socket ---------------------------------------------------------------------------


class Server(socketserver.ThreadingTCPServer):
    """A Stripe that keeps the bytes it was sent and gives the next of its answers, or the last."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, *answers: bytes | None) -> None:
        self.answers, self.seen = list(answers), list[bytes]()
        self.answering = threading.Event()
        self.answering.set()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def connection(self) -> Connection:
        """A connection to this server."""
        return Connection(KEY, base_url=f"http://127.0.0.1:{self.server_address[1]}")

    def next(self) -> bytes | None:
        """The next answer; None hangs up."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Handler(socketserver.StreamRequestHandler):
    """Reads one request to its last byte."""

    server: Server

    def handle(self) -> None:
        """Keep the request, give the answer."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return
            head += line
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        body = self.rfile.read(int(length[1])) if length else b""
        self.server.seen.append(head + body)
        self.server.answering.wait()
        if (answer := self.server.next()) is not None:
            self.wfile.write(answer)


def http(status: int, body: object, **headers: str) -> bytes:
    """An answer's bytes."""
    text = json.dumps(body).encode()
    lines = {"content-length": str(len(text)), "connection": "close", **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} x\r\n{head}\r\n".encode() + text


@contextlib.contextmanager
def serving(*answers: bytes | None) -> Iterator[Server]:
    """A server while the block runs."""
    with Server(*answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def send(server: Server, action: Action, context: RunContext | None = None) -> Result:
    """Run an action there."""
    with Client(server.connection, AT_ONCE) as client:
        return client.run(action, context)


def asend(server: Server, action: Action, context: RunContext | None = None) -> Result:
    """Run an action there, with asyncio."""

    async def run() -> Result:
        async with AsyncClient(server.connection, AT_ONCE) as client:
            return await client.run(action, context)

    return asyncio.run(run())


FINE = http(200, {"id": "x_1", "object": "x"}, request_id="req_1")
BOTH = pytest.mark.parametrize("run", [send, asend])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that answers everything."""
    with serving(FINE) as server:
        yield server


@pytest.mark.parametrize("name", [name for name in ACTIONS if name not in RECIPES])
def test_both_clients_send_the_same_bytes(server: Server, name: str) -> None:
    """A request is the same from both clients, byte for byte: target, headers and body."""
    context = RunContext(idempotency_key="key-1", account="acct_1")
    server.seen.clear()
    results = [send(server, made(name), context), asend(server, made(name), context)]
    first, second = server.seen
    assert first == second
    assert results[0] == results[1]
    request = made(name).request()
    head, _, body = first.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == f"{request.method} {request.target} HTTP/1.1"
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    assert headers["authorization"] == f"bearer {KEY.lower()}"
    assert headers["stripe-version"] == STRIPE_VERSION
    assert headers["stripe-account"] == "acct_1"
    assert headers.get("idempotency-key") == ("key-1" if request.method == "POST" else None)
    assert body == (urlencode(request.params).encode() if request.method == "POST" else b"")


@BOTH
def test_retries_send_the_same_bytes(run: Any) -> None:
    """A hang-up, a 500 and a 429 are followed by the very same bytes, until there is an answer."""
    busy = http(429, {"error": {"code": "rate_limit"}})
    with serving(None, http(500, {}), busy, FINE) as server:
        result = run(server, made(CREATE))
    assert (result.attempts, result.request_id) == (4, "req_1")
    assert len(server.seen) == 4
    assert len(set(server.seen)) == 1


@BOTH
def test_a_refusal_over_the_wire(run: Any) -> None:
    """Stripe's refusal arrives as an error of its category, after one attempt."""
    answer = http(
        404, {"error": {"code": "resource_missing", "param": "price"}}, request_id="req_2"
    )
    with serving(answer) as server, pytest.raises(StripeError) as caught:
        run(server, made(RETRIEVE))
    assert (caught.value.category, caught.value.display_key) == ("invalid_request", "Price ID")
    assert (caught.value.request_id, len(server.seen)) == ("req_2", 1)


@BOTH
def test_a_hang_up_leaves_the_outcome_unknown(run: Any) -> None:
    """A server that reads the request and hangs up each time leaves the outcome unknown."""
    with serving(None) as server, pytest.raises(StripeError) as caught:
        run(server, made(CREATE))
    assert (caught.value.category, caught.value.attempts) == ("connection", 4)
    assert caught.value.outcome_unknown
    assert len(set(server.seen)) == 1


@BOTH
def test_a_closed_door_is_known_to_have_done_nothing(run: Any) -> None:
    """Where no connection can be made, nothing was executed."""
    with serving(FINE) as server:
        pass
    with pytest.raises(StripeError) as caught:
        run(server, made(CREATE))
    assert caught.value.category == "connection"
    assert not caught.value.outcome_unknown


@BOTH
def test_a_slow_answer_ends_at_the_timeout(run: Any) -> None:
    """A run's timeout ends an attempt whose answer does not come."""
    with serving(FINE) as server:
        server.answering.clear()
        with pytest.raises(StripeError, match="did not answer in time"):
            run(server, made(CREATE), RunContext(timeout=0.05))
        server.answering.set()


@BOTH
def test_invalid_inputs_send_nothing(run: Any) -> None:
    """An action that is refused opens no connection."""
    with serving(FINE) as server, pytest.raises(InvalidInputs):
        run(server, ACTIONS["list_prices"](limit=500))
    assert server.seen == []


@BOTH
@pytest.mark.parametrize("hostile", ["../x?y#z", "a b\u00f6/%2F", "@evil.example"])
def test_a_hostile_id_stays_in_its_segment_on_the_wire(run: Any, hostile: str) -> None:
    """Nothing between the action and the socket lets an ID out of its segment of the path."""
    one = ACTIONS[RETRIEVE](price=hostile.replace(" ", ""))
    with serving(FINE) as server:
        run(server, one)
    line = server.seen[0].partition(b"\r\n")[0].decode()
    assert line == f"GET {one.request().target} HTTP/1.1"
    assert line.count("/") == 4


def test_one_client_serves_many_threads() -> None:
    """A client may be shared by threads, each of which gets its own answer."""
    with serving(FINE) as server, Client(server.connection, AT_ONCE) as client:
        results: list[Result] = []
        keys = [f"key-{number}" for number in range(20)]
        threads = [
            threading.Thread(
                target=lambda key: results.append(
                    client.run(made(CREATE), RunContext(idempotency_key=key))
                ),
                args=(key,),
            )
            for key in keys
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    sent = {re.findall(rb"(?i)idempotency-key: (\S+)", seen)[0].decode() for seen in server.seen}
    assert sent == set(keys)
    assert len(results) == 20


@pytest.mark.parametrize("attempt", [1, 60, 2_999, 10**6])
def test_any_number_of_retries_has_a_delay(attempt: int) -> None:
    """However often an attempt failed, the wait before the next is within the policy's bounds."""
    policy = Policy(retries=10**6)
    assert policy.first_delay <= policy.delay(attempt, CUT) <= policy.longest_delay


@given(deadline=st.floats(0.001, 1000), retries=st.integers(0, 50), delay=st.floats(0, 100))
def test_no_delay_reaches_beyond_the_deadline(deadline: float, retries: int, delay: float) -> None:
    """Whatever the policy, a run's delays are over before its deadline, which bounds each send."""
    policy = Policy(retries=retries, first_delay=delay, longest_delay=delay, budget=1e6)
    now = began = 1000.0
    with patch.object(time, "monotonic", lambda: now), contextlib.suppress(StripeError):
        talk = begun(made("create_customer"), RunContext(deadline=deadline), policy)
        answer = None
        while True:
            command = talk.send(answer)
            answer = None
            if isinstance(command, Send):
                assert command.until(now) <= command.ends == began + deadline
                answer = Reply(500, {}, b"{}")
            else:
                now += command.seconds
    assert now < began + deadline

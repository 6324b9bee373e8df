"""Errors are data: each kind goes through JSON and pickle and comes back as it was."""

import copy
import json
import pickle
from typing import Any

import attrs
import pytest
from driving import begun, drive
from support import made

from stripe_plugin import (
    Denied,
    HookFailed,
    Host,
    InvalidInputs,
    NodeError,
    Result,
    RunContext,
    StripeError,
    UsageError,
    errors,
    hookimpl,
)
from stripe_plugin.secrets import shown
from stripe_plugin.wire.reply import Reply

SECRET = "pi_3Abc_secret_DoNotShow"
RESULT = Result(
    {"id": "pi_3Abc", "object": "payment_intent", "client_secret": SECRET, "amount": 5},
    request_id="req_1",
    attempts=2,
    replayed=False,
    livemode=False,
    mode="test",
)


def refusal(status: int, **error: Any) -> StripeError:
    """Stripe's refusal of a subscription."""
    body = json.dumps({"error": {"message": "No.", **error}}).encode()
    return drive(begun(made("create_subscription")), Reply(status, {}, body)).failure


def invalid() -> InvalidInputs:
    """Inputs with a nested mistake."""
    with pytest.raises(InvalidInputs) as caught:
        made("create_subscription", {"Customer": "cus_1", "Items": [{"price": "p"}, {"x": 1}]})
    return caught.value


UNKNOWN = StripeError(message="Gone.", outcome_unknown=True, retryable=True)
KINDS: list[type[StripeError]] = [StripeError, *StripeError.__subclasses__()]
ERRORS: dict[str, NodeError] = {
    "invalid inputs": invalid(),
    "usage": UsageError("There is no action x"),
    "denied": Denied("refunds need an approval"),
    "hook, done": HookFailed("Boom: x", RESULT, None),
    "hook, unknown": HookFailed("Boom: x", None, UNKNOWN),
    **{
        kind.category: kind(message="No", status=400, path=("items", 0, "price"), display_key="It")
        for kind in KINDS
    },
}
SHARED = {"category", "text", "http_status", "retryable", "outcome_unknown"}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_data_and_comes_back(name: str) -> None:
    """`as_dict` is JSON with the shared words, and `from_dict` gives the same error again."""
    error = ERRORS[name]
    about = json.loads(json.dumps(error.as_dict(), allow_nan=False))
    assert about.keys() >= SHARED
    again = NodeError.from_dict(about)
    assert type(again) is type(error)
    assert again.as_dict() == error.as_dict()
    assert (str(again), again.text) == (str(error), error.text)


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("way", [lambda it: pickle.loads(pickle.dumps(it)), copy.copy], ids="pc")  # noqa: S301
def test_an_error_travels(name: str, way: Any) -> None:
    """A pickle and a copy of an error say what it says, with its class."""
    again = way(ERRORS[name])
    assert type(again) is type(ERRORS[name])
    assert again.as_dict() == ERRORS[name].as_dict()


OTHERS: list[dict[str, Any]] = [
    {},
    {"category": "x"},
    {"category": None},
    {"category": 5},
    {"category": []},
    {"category": "usage"},
    {"category": "card", "message": None},
    {"category": "card", "text": "No"},
    {"category": "invalid_inputs", "problems_at": [5], "action": None},
    {"category": "hook", "why": "x", "result": {"id": 5}, "error": None},
    {"category": "hook", "why": "x", "result": None, "error": [1]},
]


@pytest.mark.parametrize("about", OTHERS)
def test_what_is_no_error_is_refused(about: dict[str, Any]) -> None:
    """Data of no known category, or of another version, is refused in words."""
    with pytest.raises(UsageError, match="category"):
        NodeError.from_dict(about)


@pytest.mark.parametrize(
    ("value", "said"), [(object(), "an object"), ({1}, "a set"), (int, "a type"), ({}, "an object")]
)
def test_what_was_given_has_its_article(value: object, said: str) -> None:
    """A thing that nobody expected is called by its type, in a sentence that can be read."""
    assert shown(value) == said


def test_what_is_no_connection_is_called_by_its_type() -> None:
    """The host's own sentences have the article as well."""
    wrong: Any = object()
    with Host.load() as host, pytest.raises(UsageError, match="The connection is an object, not"):
        host.run("list_products", {}, connection=wrong)


def test_every_kind_has_a_category_and_a_status() -> None:
    """Each class of errors has a category of its own, and says what a host's API may answer."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    nodes = [kind for kind in kinds if issubclass(kind, NodeError) and kind is not NodeError]
    assert len({kind.category for kind in nodes}) == len(nodes)
    assert all(400 <= kind.http_status < 600 for kind in nodes)


def test_a_nested_param_is_a_path() -> None:
    """Stripe's `items[0][price]` is a place in the form: its key, its path, and in the sentence."""
    error = refusal(400, type="invalid_request_error", param="items[0][price]")
    assert error.display_key == "Items"
    assert error.path == ("items", 0, "price")
    assert error.text == "Items › 1 › Price: No."
    assert error.as_dict()["path"] == ["items", 0, "price"]


def test_a_problem_has_a_path() -> None:
    """The second item's mistake is told at the second item, for a person and for a program."""
    error = invalid()
    (second, *_) = [at for at in error.as_dict()["problems_at"] if at["path"][:2] == ["items", 1]]
    assert second["key"] == "Items"
    assert second["text"].startswith("Items › 2")
    assert second["text"] in error.problems["Items"]
    assert second["rule"]


def test_an_error_keeps_what_recovery_needs() -> None:
    """The failed payment, its charge, and what to do about the card, by their IDs and words."""
    error = refusal(
        402,
        type="card_error",
        payment_intent={"id": "pi_1", "object": "payment_intent", "client_secret": SECRET},
        charge="ch_1",
        advice_code="try_again_later",
        network_decline_code="51",
        request_log_url="https://dashboard.stripe.com/logs/req_1",
    )
    assert (error.payment_intent, error.charge) == ("pi_1", "ch_1")
    assert (error.advice_code, error.network_decline_code) == ("try_again_later", "51")
    assert error.request_log_url == "https://dashboard.stripe.com/logs/req_1"
    assert SECRET not in json.dumps(error.as_dict())


def test_a_result_is_whole_or_cut_but_never_altered() -> None:
    """The output is plain and whole; what is shown or kept is cut; both are JSON and come back."""
    assert RESULT.output["client_secret"] == SECRET
    assert type(RESULT.output["client_secret"]) is str
    assert "DoNotShow" not in repr(RESULT) + json.dumps(RESULT.as_dict())
    assert RESULT.plain()["output"] == RESULT.output
    assert Result.from_dict(json.loads(json.dumps(RESULT.plain()))) == RESULT
    assert pickle.loads(pickle.dumps(RESULT)) == RESULT  # noqa: S301 - our own
    assert copy.deepcopy(RESULT) == RESULT


def test_a_run_travels() -> None:
    """The name of a run goes through JSON, pickle and copy to the worker that goes on with it."""
    context = RunContext(run_id="r", step="s", item=3, account="acct_1", timeout=5.0, begun=1.5)
    assert RunContext.from_dict(json.loads(json.dumps(context.as_dict()))) == context
    assert pickle.loads(pickle.dumps(context)) == context  # noqa: S301 - our own
    assert copy.deepcopy(context) == context


def test_a_hook_denies_in_its_own_words() -> None:
    """`Denied` ends the run before anything is sent, as data, with the hook's reason."""
    denied = Denied("refunds over 100 need an approval")

    class Guard:
        @hookimpl
        def run_action(self, action: Any, connection: Any, context: Any) -> None:
            raise denied

    host = Host.load()
    host.register(Guard(), "acme:guard")
    from stripe_plugin import Connection

    with pytest.raises(Denied) as caught:
        host.run("create_product", {"Name": "x"}, connection=Connection.emulator())
    assert caught.value is denied
    assert caught.value.as_dict()["http_status"] == 403


@pytest.mark.parametrize(
    ("kind", "kept", "said"),
    [
        (RunContext, {"run_id": "r", "steps": "s"}, "steps"),
        (RunContext, {"run_id": 5}, "5 is no str"),
        (RunContext, {"timeout": "5", "run_id": "r"}, "RunContext"),
        (Result, {**RESULT.as_dict(), "attempts": "1"}, '"1" is no int'),
        (Result, {**RESULT.as_dict(), "livemode": 0}, "0 is no bool"),
        (Result, {}, "output"),
    ],
)
def test_what_was_not_kept_so_does_not_come_back(kind: Any, kept: Any, said: str) -> None:
    """What was kept comes back exactly; what is no such data is refused in words."""
    with pytest.raises(UsageError, match=said):
        kind.from_dict(kept)
    for one in (RESULT, RunContext(run_id="r", item=3, timeout=5, begun=1.5)):
        assert type(one).from_dict(json.loads(json.dumps(attrs.asdict(one)))) == one

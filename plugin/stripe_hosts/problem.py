"""What is answered where something went wrong? Problem details, as RFC 9457 has them.

Every status of the HTTP door is decided in `KINDS`, read by the answers, the OpenAPI document and
the tests alike.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from starlette.requests import Request
from starlette.responses import Response

from stripe_hosts.accounts import UnknownAccount
from stripe_hosts.offer import NotOffered
from stripe_plugin.errors import NodeError, StripeError
from stripe_plugin.host import advice
from stripe_plugin.run.context import WrongCall
from stripe_plugin.secrets import said

PROBLEM = "application/problem+json"
Headers = Mapping[str, str] | None
Data = dict[str, Any]


class Kind(NamedTuple):
    """The status of a kind of problem, its title, and what to do."""

    status: int
    title: str
    do: str


def _of_runs() -> dict[str, Kind]:
    """What can end a run: by category, as `errors.json` has it."""
    kinds: dict[str, Kind] = {}
    for kind in advice.KINDS:
        means, do, _ = advice.ADVICE[kind.category]
        kinds[kind.category] = Kind(kind.http_status, means, do)
    return kinds


# The address that a problem's `type` is made of ends with these.
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        **_of_runs(),
        "unexpected": Kind(
            500,
            "Something failed that nobody expected, such as a plugin.",
            "Read the server's log. Nothing says whether it was executed: look at Stripe.",
        ),
        "malformed": Kind(400, "The request cannot be read.", "Mend the request."),
        "unknown_account": Kind(
            400, "The account is not served here.", "Name one that GET /about lists."
        ),
        "no_token": Kind(
            401,
            "The token is missing or wrong.",
            "Send the header Authorization: Bearer TOKEN, with what stripe-nodes serve printed,"
            " or with what STRIPE_NODES_TOKEN was when it was started.",
        ),
        "foreign_origin": Kind(
            403,
            "A web page of another origin may not call this server.",
            "Start it with --origin and the page's origin, if the page is yours.",
        ),
        "unknown_action": Kind(
            404, "The action is not offered here.", "Take an ID that GET /actions lists."
        ),
        "not_found": Kind(
            404,
            "There is nothing at this path.",
            "GET /actions lists the actions, POST /actions/{id}/runs runs one.",
        ),
        "method": Kind(
            405, "The path does not have this method.", "Take one that the header Allow names."
        ),
        "other_version": Kind(
            409,
            "The caller was made for another version.",
            "Install the same version of stripe-nodes on both sides, or export the node anew.",
        ),
        "too_slow": Kind(408, "The body took too long to arrive.", "Send it again."),
        "too_large": Kind(413, "The body is too large.", "Send less."),
        "media_type": Kind(
            415, "Only JSON is read.", "Send JSON with the header Content-Type: application/json."
        ),
        "foreign_host": Kind(
            421,
            "The server does not go by this name.",
            "Use the address that it printed, or start it with --hostname and this name.",
        ),
    }
)
# Errors whose kind is more than their category.
CLOSER: Mapping[type[NodeError], str] = {
    UnknownAccount: "unknown_account",
    NotOffered: "unknown_action",
}


class Words(NamedTuple):
    """The title and the advice of an error, where those of its kind are not true of it."""

    title: str
    do: str


# Errors of which other words are true than of their kind.
WORDS: Mapping[type[NodeError], Words] = {
    WrongCall: Words(
        "What is asked for is not there, or cannot be asked for so.",
        "Read the sentence, and mend the request.",
    )
}


class NotServed(Exception):
    """What the door itself refuses, before an action is looked at: a kind and a sentence."""

    def __init__(self, kind: str, text: str, headers: Headers = None) -> None:
        self.kind = kind
        self.text = text
        self.headers = headers
        super().__init__(kind, text)


class Json(Response):
    """An answer in JSON, and in ASCII: half a surrogate pair from Stripe makes none fail."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """JSON in its shortest form."""
        return json.dumps(content, separators=(",", ":")).encode()


class ProblemResponse(Json):
    """An answer that says what went wrong."""

    media_type = PROBLEM

    def __init__(self, problem: Data, headers: Headers = None) -> None:
        super().__init__(problem, problem["status"], headers)


def problem(kind: str, text: str, **more: Any) -> Data:
    """The members that every problem has."""
    status, title, do = KINDS[kind]
    about = {"type": f"/errors#{kind}", "title": title, "status": status, "detail": text}
    return {**about, "advice": do, "problems_at": [], **more}


def problem_of(error: NodeError) -> Data:
    """An error of a run: `error` has all of it, as `NodeError.from_dict` takes it."""
    facts = error.as_dict()
    kind = CLOSER.get(type(error), error.category)
    about = problem(kind, facts["text"], error=facts)
    if type(error) in WORDS:
        about["title"], about["advice"] = WORDS[type(error)]
    about["problems_at"] = facts.get("problems_at", [])
    if isinstance(error, StripeError):
        about["advice"] = _advice(facts) or about["advice"]
    return about


def _advice(facts: Data) -> str | None:
    """What to do about this very error, if more can be said than of its kind."""
    key = facts["idempotency_key"]
    if facts["retryable"] and key:
        return f"Send it again with the header Idempotency-Key: {key}. It is executed only once."
    return advice.DECLINES.get(facts["decline_code"])


# --- how Starlette's application answers ----------------------------------------------------------


async def node_error(_: Request, error: Exception) -> Response:
    """What a run ended with."""
    return ProblemResponse(problem_of(cast("NodeError", error)))


async def not_served(_: Request, error: Exception) -> Response:
    """What the door refuses."""
    return refused(cast("NotServed", error))


def refused(error: NotServed) -> Response:
    """The answer to what the door refuses."""
    return ProblemResponse(problem(error.kind, error.text), error.headers)


async def unexpected_error(_: Request, error: Exception) -> Response:
    """What nobody expected; Starlette raises it again, to be logged."""
    return unexpected(error)


def unexpected(error: Exception) -> Response:
    """The answer to what a plugin raises, or to a fault of ours."""
    return ProblemResponse(problem("unexpected", f"Something unexpected: {said(error)}"))


def described() -> Data:
    """Every kind, for `GET /errors`."""
    return {name: kind._asdict() for name, kind in KINDS.items()}

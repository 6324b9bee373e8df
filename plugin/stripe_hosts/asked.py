"""Which run does a request ask for? Read from its body and headers, before anything is judged."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs
from starlette.datastructures import Headers as Received

from stripe_hosts.problem import NotServed
from stripe_plugin.declare.options import Options, check_naming
from stripe_plugin.errors import Refused, UsageError, near
from stripe_plugin.judge.reading import parsed
from stripe_plugin.judge.values import is_list, is_object
from stripe_plugin.run.context import RunContext, WrongCall
from stripe_plugin.secrets import shown

Data = Mapping[str, Any]
Members = dict[str, Any]
Headers = Mapping[str, str]
Wait = int | None  # seconds
Pairs = Iterable[tuple[str, str]]
# The members of a body: how `RunContext` calls those that name the run.
NAMES = {"run": "run_id", "step": "step", "item": "item", "begun": "begun"}
IN_QUERY = ("account", "run", "step", "item")
MEMBERS = ("inputs", "options", "account", *NAMES)
LISTING = ("inputs", "options", "account", "most", "cursor")
ENDPOINT = ("method", "path")
CHOOSING = ("row", "given", "search", "cursor", "limit")
CHECKING = ("account", "actions")
TEXTS = ("row", "search", "cursor")
KEY = "idempotency-key"
WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?([^",;\s]*)"?', re.IGNORECASE)
SECONDS = re.compile(r"[1-9][0-9]{0,5}")
NO_KEY = (
    "The header Idempotency-Key is empty: give a text of your own for this one deed, such as"
    " order-123-payment, or name its run, or leave it out."
)
TOO_DEEP = "The body is nested too deeply."


@attrs.frozen
class Asked:
    """One run as a caller wants it."""

    inputs: Any
    options: Any
    account: Any
    context: RunContext
    wait: Wait  # how long the caller waits


def asked(body: bytes, headers: Headers) -> Asked:
    """What a body of inputs, options and names asks for.

    Raises `NotServed` for what cannot be read, or `UsageError`.
    """
    if KEY in headers and not headers[KEY].strip():
        raise _malformed(NO_KEY)
    return _asked(_named("The body", MEMBERS, _object(body)), headers)


def asked_by_inputs(body: bytes, query: Pairs, headers: Headers) -> Asked:
    """The same for a body of nothing but inputs, as importers of OpenAPI draw it.

    The names are in the query. What is empty, there and in headers, is not given: such a form
    sends a box that is left alone. A key is refused that is empty, unless a run has a name: who
    meant to give one would have it executed twice.
    """
    members = _named("The query", IN_QUERY, _filled(once_in(query)))
    members["inputs"] = _object(body)
    filled = _filled(headers)
    if KEY in headers and KEY not in filled and "run" not in members:
        raise _malformed(NO_KEY)
    return _asked(members, filled)


def asked_to_list(body: bytes, headers: Headers) -> tuple[Asked, Members]:
    """What a body asks for that wants a whole list; beside it how far, for `Host.iterate`."""
    if KEY in headers:
        raise _malformed("A list is only read, which has no Idempotency-Key: leave it out.")
    members = _named("The body", LISTING, _object(body))
    bounds: Members = {name: members.pop(name) for name in ("most", "cursor") if name in members}
    return _asked(members, headers), bounds


def asked_to_choose(body: bytes) -> tuple[Any, Members]:
    """An account, and what `Host.choices` is told of a row and the form so far."""
    members = _named("The body", (*CHOOSING, "account"), _object(body))
    account = members.pop("account", None)
    if "row" not in members:
        raise _malformed("The body needs row: the display key, or name, of the row to choose for.")
    for name in TEXTS:
        if not isinstance(members.get(name, ""), str):
            raise _malformed(f"{name} must be text; got {shown(members[name])}.")
    return account, members


def asked_to_check(body: bytes) -> tuple[Any, Sequence[str] | None]:
    """An account, and the IDs of the actions that its key is for; None: of all that are offered."""
    members = _named("The body", CHECKING, _object(body))
    actions = members.get("actions")
    if actions is not None and not _are_names(actions):
        must = 'be a list of IDs, as in ["create_price"]'
        raise _malformed(f"actions must {must}; got {shown(actions)}.")
    return members.get("account"), actions


def _are_names(value: Any) -> bool:
    """Whether it is a list with something in it, and all of it text."""
    return is_list(value) and bool(value) and all(isinstance(name, str) for name in value)


def asked_for_endpoint(query: Pairs) -> Members:
    """A method and a path, which a query has."""
    members = _named("The query", ENDPOINT, once_in(query))
    for name in ENDPOINT:
        if name not in members:
            raise _malformed(f"The query needs {name}, as in ?method=POST&path=/v1/coupons.")
    return members


def received(headers: Received) -> dict[str, str]:
    """Headers by name; of one that may be there several times, all with commas between them."""
    return {name: ", ".join(headers.getlist(name)) for name in headers}


def _filled(texts: Headers) -> dict[str, str]:
    """Those that are not empty."""
    return {name: text for name, text in texts.items() if text.strip()}


def _asked(members: Data, headers: Headers) -> Asked:
    check_naming(members.get("options"))
    wait = _wait(headers.get("prefer", ""))
    options, deadline = _bounded(members.get("options", {}), wait)
    return Asked(
        inputs=members.get("inputs", {}),
        options=options,
        account=members.get("account"),
        context=_context(members, headers.get(KEY), deadline),
        wait=wait,
    )


def _object(body: bytes) -> Data:
    """The object that a body is; of none at all, nothing is asked."""
    found: Any = _parsed(body) if body.strip() else {}
    if not is_object(found):
        raise _malformed(f"The body must be an object; got {shown(found)}.")
    return found


def _named(where: str, known: Sequence[str], members: Data) -> Members:
    """The members that are given, none of which is unknown."""
    for name in members:
        if name not in known:
            all_ = ", ".join(known)
            raise _malformed(f"{where} has no {shown(name)}{near(name, known)}; it has {all_}.")
    return {name: value for name, value in members.items() if value is not None}


def once_in(query: Pairs) -> dict[str, str]:
    """The parameters of a query by name. Of one that is there twice, one would be ignored."""
    found: dict[str, str] = {}
    for name, value in query:
        if name in found:
            raise _malformed(f"The query has {shown(name)} twice.")
        found[name] = value
    return found


def check_none(query: Pairs) -> None:
    """Refuses a query where nothing in it would be looked at."""
    for name, _ in query:
        raise _malformed(f"This path takes no query; {shown(name)} belongs into the body.")


def _malformed(text: str) -> NotServed:
    return NotServed("malformed", text)


def _parsed(body: bytes) -> Any:
    try:
        return parsed(body.decode())
    except RecursionError:
        raise _malformed(TOO_DEEP) from None
    except UnicodeDecodeError:
        raise _malformed("The body is not UTF-8 text.") from None
    except Refused as error:
        raise _malformed(f"An object in the body {error}.") from None
    except ValueError as error:
        raise _malformed(f"The body is not JSON: {error}.") from None


def _wait(prefer: str) -> Wait:
    """The seconds of `Prefer: wait=30`; other preferences are another server's.

    Of several the first one counts, as RFC 7240 has it.
    """
    found = WAIT.search(prefer)
    if found is None:
        return None
    if not SECONDS.fullmatch(found[1]):
        must = "be whole seconds, from 1 to 999999"
        raise _malformed(f"Prefer: wait= must {must}; got {shown(found[1])}.")
    return int(found[1])


def _bounded(options: Any, wait: Wait) -> tuple[Any, Wait]:
    """The options, and the run's deadline where they have none: the shorter of two holds."""
    values, wrong = Options.judge(options)
    deadline = values.get("deadline")
    if wait is None or wrong or deadline is None:
        return options, wait
    if deadline <= wait:
        return options, None
    del values["deadline"]
    return values, wait


def _context(members: Data, key: str | None, deadline: Wait) -> RunContext:
    """Which run it is, told by the names that a body has."""
    named: Members = {}
    for name, ours in NAMES.items():
        if name in members:
            named[ours] = _plain(members[name])
    try:
        return RunContext(**named, idempotency_key=key, deadline=deadline)
    except UsageError as error:
        raise WrongCall(str(error).replace("run_id", "run")) from None


def _plain(value: Any) -> Any:
    """A number that JSON has with more digits than a float, which times do not need."""
    return float(value) if isinstance(value, Decimal) else value

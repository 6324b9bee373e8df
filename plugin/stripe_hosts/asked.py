"""Which run does a request ask for? Read from its body and headers, before anything is judged."""

import re
from collections.abc import Mapping
from typing import Any

import attrs

from stripe_hosts.problem import NotServed
from stripe_plugin.declare.options import Options
from stripe_plugin.errors import Refused, UsageError, near
from stripe_plugin.judge.reading import parsed
from stripe_plugin.judge.values import is_object
from stripe_plugin.run.context import RunContext
from stripe_plugin.secrets import shown

Data = Mapping[str, Any]
#: The members of a body: how `RunContext` calls those that name the run.
NAMES = {"run": "run_id", "step": "step", "item": "item", "begun": "begun"}
MEMBERS = ("inputs", "options", "account", *NAMES)
WAIT = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?([^",;\s]*)"?', re.IGNORECASE)
SECONDS = re.compile(r"[1-9][0-9]{0,5}")
TOO_DEEP = "The body is nested too deeply."


@attrs.frozen
class Asked:
    """One run as a caller wants it."""

    inputs: Any
    options: Any
    account: Any
    context: RunContext
    wait: int | None  # seconds that the caller waits


def asked(body: bytes, headers: Mapping[str, str]) -> Asked:
    """What a request asks for. Raises `NotServed` for one that cannot be read, or `UsageError`."""
    members = _members(body)
    wait = _wait(headers.get("prefer", ""))
    options, deadline = _bounded(members.get("options", {}), wait)
    named = {ours: members[name] for name, ours in NAMES.items() if name in members}
    context = _context(named, headers.get("idempotency-key"), deadline)
    return Asked(members.get("inputs", {}), options, members.get("account"), context, wait)


def _members(body: bytes) -> Data:
    """The members of a body, none of which is unknown; of none at all, nothing is asked."""
    members: Any = _parsed(body) if body.strip() else {}
    if not is_object(members):
        text = f"The body must be an object with inputs in it; got {shown(members)}."
        raise NotServed("malformed", text)
    for name in members:
        if name not in MEMBERS:
            known = ", ".join(MEMBERS)
            hint = near(name, MEMBERS)
            text = f"The body has no member {shown(name)}{hint}; it may have {known}."
            raise NotServed("malformed", text)
    return {name: value for name, value in members.items() if value is not None}


def _parsed(body: bytes) -> Any:
    try:
        return parsed(body.decode())
    except RecursionError:
        raise NotServed("malformed", TOO_DEEP) from None
    except UnicodeDecodeError:
        raise NotServed("malformed", "The body is not UTF-8 text.") from None
    except Refused as error:
        raise NotServed("malformed", f"An object in the body {error}.") from None
    except ValueError as error:
        raise NotServed("malformed", f"The body is not JSON: {error}.") from None


def _wait(prefer: str) -> int | None:
    """The seconds of `Prefer: wait=30` (RFC 7240); other preferences are another server's."""
    found = WAIT.search(prefer)
    if found is None:
        return None
    if not SECONDS.fullmatch(found[1]):
        text = f"Prefer: wait= must be whole seconds, from 1 to 999999; got {shown(found[1])}."
        raise NotServed("malformed", text)
    return int(found[1])


def _bounded(options: Any, wait: int | None) -> tuple[Any, int | None]:
    """The options, and the run's deadline where they have none: the shorter of two holds."""
    values, wrong = Options.judge(options)
    deadline = values.get("deadline")
    if wait is None or wrong or deadline is None:
        return options, wait
    if deadline <= wait:
        return options, None
    return {name: value for name, value in values.items() if name != "deadline"}, wait


def _context(named: Data, key: str | None, deadline: int | None) -> RunContext:
    """Which run it is, told by the names that a body has."""
    try:
        return RunContext(**named, idempotency_key=key, deadline=deadline)
    except UsageError as error:
        raise UsageError(str(error).replace("run_id", "run")) from None

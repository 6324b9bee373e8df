"""What does a call of a tool ask for? Its inputs, its options, and the account."""

from collections.abc import Mapping
from typing import Any

import attrs

from stripe_hosts.mcp_door.tool import KEY, Own, row_words
from stripe_plugin.declare.options import Options
from stripe_plugin.judge.reading import parsed
from stripe_plugin.judge.values import is_empty, is_object
from stripe_plugin.run.context import RunContext

# What hosts add to every call of their agents' tools, without being asked: n8n.
ADDED_BY_HOSTS = ("toolCallId", "sessionId", "action", "chatInput", "tool")
# Seconds of a call that says nothing else: clients give up after 60, and know nothing then.
DEADLINE = 50


@attrs.frozen
class Call:
    """One call of a tool."""

    inputs: Mapping[str, Any]
    options: Any
    account: Any
    key: str | None
    context: RunContext


def call(arguments: Mapping[str, Any], manifest: Mapping[str, Any], own: Own) -> Call:
    """What these arguments ask for; what is unknown among them is left to the judgement."""
    rows = row_words(manifest)
    inputs = {
        name: value
        for name, value in arguments.items()
        if name in rows or name not in ADDED_BY_HOSTS
    }
    key = inputs.pop(own.key, None) if own.key else None
    account = inputs.pop(own.account, None) if own.account else None
    options = _options(inputs.pop(own.options, None), key)
    return Call(inputs, options, account, _key(options), _context(options))


def _options(given: Any, key: Any) -> Any:
    """The options, the key among them. Models send objects as text, too."""
    options = {} if is_empty(given) else given
    if isinstance(options, str):
        try:
            options = parsed(options)
        except ValueError:
            return given
    if is_object(options) and not is_empty(key):
        return _with_key(options, key)
    return options


def _with_key(options: Mapping[str, Any], key: Any) -> dict[str, Any]:
    """With the key under its display key where its name is taken: given twice, it is refused."""
    label = Options.table.words[KEY].key
    return {**options, (label if KEY in options else KEY): key}


def _key(options: Any) -> str | None:
    values, _ = Options.judge(options)
    found = values.get(KEY)
    return found if isinstance(found, str) else None


def _context(options: Any) -> RunContext:
    """A run that ends before the client gives up, unless the call says when it must."""
    values, wrong = Options.judge(options)
    if wrong or values.get("deadline") is not None:
        return RunContext()
    return RunContext(deadline=DEADLINE)

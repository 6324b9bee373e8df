"""What does a call of a tool ask for? Its inputs, its options, and the account."""

from collections.abc import Mapping
from typing import Any

import attrs

from stripe_hosts.mcp_door.tool import KEY, Own, row_words
from stripe_plugin.declare.options import Options, check_naming
from stripe_plugin.judge.reading import parsed
from stripe_plugin.judge.values import NOTHING, is_empty, is_object
from stripe_plugin.run.context import RunContext

Data = Mapping[str, Any]
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


def call(arguments: Data, manifest: Data, own: Own) -> Call:
    """What these arguments ask for; what is unknown among them is left to the judgement."""
    rows = row_words(manifest)
    inputs = {
        name: value
        for name, value in arguments.items()
        if name in rows or name not in ADDED_BY_HOSTS
    }
    if own.key:
        check_naming({KEY: inputs.get(own.key)})
    key = _taken(inputs, own.key)
    account = _taken(inputs, own.account)
    options = _options(_taken(inputs, own.options), key)
    check_naming(options)
    values, wrong = Options.judge(options)
    context = RunContext() if wrong else _context(values)
    return Call(inputs, options, account, values.get(KEY), context)


def _taken(inputs: dict[str, Any], name: str | None) -> Any:
    """What was given under a name of our own, which is no input; what is empty was not given."""
    value = inputs.pop(name, None) if name else None
    return None if is_empty(value) else value


def _options(given: Any, key: Any) -> Any:
    """The options, the key among them."""
    options: Any = NOTHING if given is None else _object(given)
    if key is None or not is_object(options):
        return options
    label = Options.table.words[KEY].key
    name = label if KEY in options else KEY  # given twice, it is refused
    return {**options, name: key}


def _object(given: Any) -> Any:
    """What models send as text, too; what cannot be read is left to the judgement."""
    if not isinstance(given, str):
        return given
    try:
        return parsed(given)
    except ValueError:
        return given


def _context(options: Data) -> RunContext:
    """A run that ends before the client gives up, unless the call says when it must."""
    if options.get("deadline") is not None:
        return RunContext()
    return RunContext(deadline=DEADLINE)

"""How is a run written down elsewhere? As curl, as Python, as a step of a flow."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from stripe_plugin.run.exchange import STRIPE_VERSION
from stripe_plugin.secrets import masked
from stripe_plugin.wire.request import Request
from stripe_studio.steps import as_yaml, dumped, keyed

STRIPE = "https://api.stripe.com"
NEXT_LINE = " \\\n  "  # of a command
# In this order.
ESCAPES = {"%": "%25", "&": "%26", "+": "%2B", "\n": "%0A"}
Inputs = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]
Sent = Request | None


@attrs.frozen
class Copy:
    """A text to be copied, and what it is."""

    name: str
    text: str


def copies(
    action: str, rows: Rows, inputs: Inputs, request: Sent, command: str = "stripe-nodes"
) -> list[Copy]:
    """The same run in other words, without a key: each takes it from STRIPE_API_KEY.

    `request`: None if it is several. `command`: how the terminal's begins.
    """
    by_key = keyed(rows, inputs)
    texts = {
        "curl": curl(request) if request else "",
        "Python": python(action, by_key),
        "Flow": flow_step(action, keyed(rows, inputs, as_yaml)),
        "Terminal": terminal(action, by_key, command),
    }
    return [Copy(name, masked(text)) for name, text in texts.items() if text]


def curl(request: Request) -> str:
    """A command line that sends the same request."""
    words = ["curl", f"{STRIPE}{request.path}"]
    lines = [shlex.join(words), '-u "$STRIPE_API_KEY:"', f"-H 'Stripe-Version: {STRIPE_VERSION}'"]
    if request.method == "GET" and request.params:
        lines.append("-G")
    elif request.method != "GET":
        lines.append(f"-X {request.method}")
    lines += [_parameter(name, value) for name, value in request.params]
    return NEXT_LINE.join(lines)


def _parameter(name: str, value: str) -> str:
    pair = f"{name}={_escaped(value)}"
    return f"-d {shlex.quote(pair)}"


def _escaped(value: str) -> str:
    """What curl's -d would take for a part of the form."""
    for character, escape in ESCAPES.items():
        value = value.replace(character, escape)
    return value


def python(action_id: str, inputs: Inputs) -> str:
    """The call of a host."""
    given = _literal(inputs)
    return (
        "from stripe_plugin import Connection, Host\n\n"
        "host = Host.load()\n"
        f'result = host.run("{action_id}", {given}, connection=Connection.from_env())\n'
        "print(result.output)"
    )


def _literal(value: Any) -> str:
    """Texts, numbers, lists and objects: in JSON as in Python."""
    return json.dumps(value, indent=4, ensure_ascii=False)


def flow_step(action_id: str, inputs: Inputs) -> str:
    """A step of a flow file."""
    _, _, word = action_id.rpartition("_")
    step: dict[str, Any] = {"id": word, "action": action_id}
    if inputs:
        step["inputs"] = inputs
    return dumped(step).strip()


def terminal(action_id: str, inputs: Inputs, command: str) -> str:
    """A command of the terminal."""
    pairs = [f"{key}={_typed(value)}" for key, value in inputs.items()]
    words = [f"{command} run {action_id}", *map(shlex.quote, pairs)]
    return NEXT_LINE.join(words)


def _typed(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)

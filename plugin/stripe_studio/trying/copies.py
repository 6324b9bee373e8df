"""How is a run written down elsewhere? As curl, as Python, as a step of a flow."""

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import attrs
import yaml

from stripe_plugin.judge.values import is_list, is_object
from stripe_plugin.run.exchange import STRIPE_VERSION
from stripe_plugin.secrets import masked
from stripe_plugin.wire.request import Request

STRIPE = "https://api.stripe.com"
WIDTH = 100
Inputs = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]


@attrs.frozen
class Copy:
    """A text to be copied, and what it is."""

    name: str
    text: str


def copies(action_id: str, rows: Rows, inputs: Inputs, request: Request) -> list[Copy]:
    """The same run in other words, without a key: each takes it from STRIPE_API_KEY."""
    by_key = keyed(rows, inputs)
    return [
        Copy("curl", masked(curl(request))),
        Copy("Python", masked(python(action_id, by_key))),
        Copy("Flow", masked(flow_step(action_id, by_key))),
        Copy("Terminal", masked(terminal(action_id, by_key))),
    ]


def keyed(rows: Rows, inputs: Inputs) -> dict[str, Any]:
    """Inputs by display key, at every depth, as people read them."""
    named = {row["name"]: row for row in rows}
    return {named[name]["key"]: _inside(named[name], value) for name, value in inputs.items()}


def _inside(row: Mapping[str, Any], value: Any) -> Any:
    fields = row.get("fields")
    if fields and is_object(value):
        return keyed(fields, value)
    if fields and is_list(value):
        return [_inside(row, item) for item in value]
    return value


def curl(request: Request) -> str:
    """A command line that sends the same request."""
    words = ["curl", f"{STRIPE}{request.path}"]
    lines = [shlex.join(words), '-u "$STRIPE_API_KEY:"', f"-H 'Stripe-Version: {STRIPE_VERSION}'"]
    if request.method == "GET" and request.params:
        lines.append("-G")
    elif request.method != "GET":
        lines.append(f"-X {request.method}")
    lines += [f"-d {shlex.quote(f'{name}={_escaped(value)}')}" for name, value in request.params]
    return " \\\n  ".join(lines)


def _escaped(value: str) -> str:
    """What curl's -d would take for a part of the form."""
    return value.replace("%", "%25").replace("&", "%26").replace("+", "%2B").replace("\n", "%0A")


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
    step: dict[str, Any] = {"id": action_id.rpartition("_")[2], "action": action_id}
    if inputs:
        step["inputs"] = dict(inputs)
    dump: Callable[..., str] = cast("Any", yaml).safe_dump
    return dump([step], sort_keys=False, allow_unicode=True, width=WIDTH).strip()


def terminal(action_id: str, inputs: Inputs) -> str:
    """A command of the terminal."""
    pairs = [f"{key}={_typed(value)}" for key, value in inputs.items()]
    return " \\\n  ".join(["stripe-nodes run " + action_id, *map(shlex.quote, pairs)])


def _typed(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

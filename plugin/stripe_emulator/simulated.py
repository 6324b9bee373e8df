"""What of a request does the emulator simulate, and what does it refuse rather than ignore?

A parameter is known if its resource echoes it, a behaviour reads it, or a list filters by it. All
the rest that Stripe documents is refused by name, before anything is executed.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from stripe_emulator import contract, refusals
from stripe_emulator.contract import Said
from stripe_emulator.declare import ENDPOINTS, Endpoint
from stripe_emulator.lifecycle import READS
from stripe_emulator.refusals import Json, is_json, is_rows

Known = dict[str, Any]  # name → what is known below it
_WHOLE = ""  # in there: everything below is known, or only these values are
_ALWAYS = "expand metadata"
_MANY = 8  # more names than these are told by those that are left
_PAGING = "limit starting_after ending_before"


def check(endpoint: Endpoint, given: Json) -> None:
    """Refuse (400, `emulator_error`) the first parameter that would be ignored."""
    _check_group(given, known(endpoint), "")


@cache
def known(endpoint: Endpoint) -> Known:
    """The parameters of an endpoint that do something, as a tree of names."""
    resource, verb = endpoint.resource, endpoint.verb
    reads = READS.get(f"{resource.kind}.{verb}", "")
    if endpoint.pages:
        return _tree(_ALWAYS, _PAGING, reads, *_filters(endpoint))
    return _tree(_ALWAYS, resource.echoes, reads)


def _filters(endpoint: Endpoint) -> Iterable[str]:
    if endpoint.verb == "search":
        return ("query", "page")
    if endpoint.verb != "list":
        return ()
    resource = endpoint.resource
    names = [name.partition("=")[0].split(",") for name in resource.conditions]
    return {*resource.blank(), *resource.looks_at, *itertools.chain(*names)}


def _tree(*texts: str) -> Known:
    root: Known = {}
    for text in " ".join(texts).split():
        path, _, values = text.partition("=")
        node = root
        for name in path.split("."):
            node = node.setdefault(name, {})
        node[_WHOLE] = values.split("|") if values else []
    return root


def _check_group(given: Json, names: Known, path: str) -> None:
    for name, value in given.items():
        if value == "":  # it unsets what is not there
            continue
        inner = f"{path}[{name}]" if path else name
        if name not in names:
            raise refusals.not_simulated(f"the parameter {inner}", inner)
        _check(value, names[name], inner)


def _check(value: Any, names: Known, path: str) -> None:
    if _WHOLE in names:
        _check_value(value, names[_WHOLE], path)
    elif is_json(value):
        _check_group(value, names, path)
    elif is_rows(value):
        for index, row in enumerate(value):
            _check(row, names, f"{path}[{index}]")


def _check_value(value: Any, values: list[str], path: str) -> None:
    if is_rows(value):
        for row in value:
            _check_value(row, values, path)
        return
    text = _written(value)
    if values and text not in values:
        listed = refusals.one_of(values)
        what = f"the parameter {path} with the value {text[:80]}, only with {listed}"
        raise refusals.not_simulated(what, path)


def _written(value: Any) -> str:
    """A value as a request writes it."""
    text = str(value)
    return text.lower() if isinstance(value, bool) else text


def refused() -> dict[str, list[str]]:
    """What is refused, by endpoint: `items.discounts`, `type but card`, `* but amount`."""
    import_module("stripe_emulator.emulator")  # and with it all that is simulated
    found: dict[str, list[str]] = {}
    for method, _, endpoint in ENDPOINTS:
        operation = contract.operation(method, endpoint.template)
        if operation:
            rows = _refused(operation.parameters, known(endpoint), "")
            found[f"{method} {endpoint.template}"] = [*rows]
    return found


def _refused(said: Mapping[str, Said], names: Known, path: str) -> Iterator[str]:
    unknown = [name for name in said if name not in names]
    left = [name for name in said if name in names]
    if len(unknown) > max(_MANY, len(left)):
        yield f"{path}* but {', '.join(left)}"
    else:
        yield from (f"{path}{name}" for name in unknown)
    for name, below in names.items():
        if name in said:
            yield from _refused_below(said[name], below, f"{path}{name}")


def _refused_below(said: Said, names: Known, path: str) -> Iterator[str]:
    if _WHOLE not in names:
        yield from _refused(dict(contract.below(said)), names, f"{path}.")
    elif names[_WHOLE]:
        yield f"{path} but {', '.join(names[_WHOLE])}"

"""What the tests share: the actions, inputs that are right for each, the reference beside them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import stripe_nodes
from stripe_plugin import Action, Found, InvalidInputs, OpenAction, Page, Recipe
from stripe_plugin.errors import Refused
from stripe_plugin.host.manifest import describe
from stripe_plugin.judge.table import Field
from stripe_plugin.judge.values import is_list_kind

REPOSITORY = Path(__file__).resolve().parents[1]
REFERENCE = REPOSITORY.parent / "shared" / "reference"

ACTIONS: dict[str, type[Action]] = {found.spec.id: found for found in stripe_nodes.actions()}
BY_NAME = {found.spec.name: found for found in ACTIONS.values()}
# Those whose endpoint is an input: no document tells their rows.
OPEN = tuple(name for name in ACTIONS if issubclass(ACTIONS[name], OpenAction))
RECIPES = tuple(name for name in ACTIONS if issubclass(ACTIONS[name], Recipe))
TABLES = tuple(name for name in ACTIONS if name not in OPEN)
PAGED = tuple(name for name in ACTIONS if isinstance(ACTIONS[name].spec.answer, Page))
SEARCHES = tuple(name for name in ACTIONS if isinstance(ACTIONS[name].spec.answer, Found))
LISTS = tuple(name for name in PAGED if name not in SEARCHES)


# Lists that Stripe filters by when an object was made.
DATED = tuple(name for name in LISTS if "Created After" in ACTIONS[name].spec.fields)


def nested(fields: Iterable[Field]) -> Iterator[Field]:
    """Every field inside of these, at any depth."""
    for field in fields:
        yield from field.nested.values()
        yield from nested(field.nested.values())


def filled(field: Field) -> Any:
    """Examples in as many fields inside of one as may be filled together, the first ones first."""
    if is_list_kind(field.kind):
        return [_filled(field)] if field.nested else field.example
    return _filled(field) if field.nested else field.example


def _filled(field: Field) -> dict[str, Any]:
    examples = {name: filled(inner) for name, inner in field.nested.items()}
    whole = {name: examples[name] for name, inner in field.nested.items() if inner.required}
    for name in [*examples, *examples]:  # what needs another one that comes later is tried again
        more = {**whole, name: examples[name]}
        if _is_taken(field, more) or not _is_taken(field, whole):
            whole = more
    return {name: whole[name] for name in examples if name in whole}


def _is_taken(field: Field, value: dict[str, Any]) -> bool:
    try:
        field.judge([value] if is_list_kind(field.kind) else value, {})
    except Refused:
        return False
    return True


def company(name: str, key: str, value: Any) -> dict[str, Any]:
    """A row with this value and as few others as its action then takes, as the table says."""
    spec = ACTIONS[name].spec
    inputs = {key: value}
    for condition in spec.fields[key].conditions:
        for case in condition.unless if not condition.demands else ():
            assert isinstance(case.label, str)
            inputs[case.label] = case.values[0] if case.values else spec.fields[case.label].example
    return completed(name, inputs)


def completed(name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """These inputs, and the examples of the rows that must be given beside them."""
    spec, whole = ACTIONS[name].spec, dict(inputs)
    while missing := [key for key in demanded(name, whole) if key not in whole]:
        whole[missing[0]] = spec.fields[missing[0]].example
    return whole


def demanded(name: str, inputs: Mapping[str, Any]) -> list[str]:
    """The rows that must be given beside these inputs, by the rules that say so."""
    try:
        ACTIONS[name].read(inputs)
    except InvalidInputs as error:
        wrong = [it for it in error.problems_at if len(it.path) == 1]
        return [it.key for it in wrong if it.rule.startswith("required")]
    return []


def fewest(name: str) -> dict[str, Any]:
    """As few inputs as an action takes."""
    return completed(name, {})


def right(name: str) -> dict[str, Any]:
    """Examples in as many rows of an action as may be filled together, the first ones first."""
    spec, inputs = ACTIONS[name].spec, fewest(name)
    for row in spec.rows:
        more = completed(name, {**inputs, row.key: row.example})
        if not refusal(name, more):
            inputs = more
    return {row.key: inputs[row.key] for row in spec.rows if row.key in inputs}


def made(action_id: str, inputs: Mapping[str, Any] | None = None) -> Action:
    """An action that was read from inputs: those given, or all that may be filled."""
    return ACTIONS[action_id].read(right(action_id) if inputs is None else inputs)


@cache
def described(name: str) -> dict[str, Any]:
    """The manifest of an action; the same one for everybody, so nobody changes it."""
    return describe(ACTIONS[name])


def first_sent(action: Action) -> Action:
    """The action whose request a run sends first: itself, or the first call of a recipe."""
    return next(action.calls()).action if isinstance(action, Recipe) else action


def refusal(
    action_id: str, inputs: Mapping[str, Any], extra: Mapping[str, Any] | None = None
) -> dict[str, list[str]]:
    """The problems that refuse these inputs; none if they are taken."""
    try:
        ACTIONS[action_id].read(inputs, extra=extra or {})
    except InvalidInputs as error:
        return error.problems
    return {}


@cache
def _load(name: str) -> Any:
    return json.loads((REFERENCE / name).read_text("utf-8"))


def reference(name: str) -> Any:
    """A reference document; the test is skipped where there is none."""
    if not (REFERENCE / name).is_file():
        pytest.skip(f"{name} is not beside this checkout")
    return _load(name)


def referred(name: str, *path: str, key: str) -> list[Any]:
    """The entries of a list in a reference document as parameters, named by `key`."""
    if not (REFERENCE / name).is_file():
        absent = pytest.mark.skip(reason=f"{name} is not beside this checkout")
        return [pytest.param(None, marks=absent)]
    found: Any = _load(name)
    for step in path:
        found = found[step]
    return [pytest.param(entry, id=str(entry[key])) for entry in found]


def pairs(entries: Iterable[Any]) -> list[tuple[str, str]]:
    """Key-value pairs in one order, as text."""
    return sorted((str(key), str(value)) for key, value in entries)

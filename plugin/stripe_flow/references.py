"""What does `${{ steps.price.id }}` find? JMESPath into earlier outputs, within bounds."""

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import jmespath
from jmespath.exceptions import (
    ArityError,
    JMESPathError,
    JMESPathTypeError,
    LexerError,
    ParseError,
    UnknownFunctionError,
)
from jmespath.functions import Functions
from jmespath.visitor import Options, TreeInterpreter

from stripe_flow.reading import first
from stripe_plugin.errors import UsageError, near
from stripe_plugin.judge.values import UNKNOWN, is_list, is_object
from stripe_plugin.secrets import masked

REFERENCE = re.compile(r"\$\{\{((?:(?!\}\}|\$\{\{).)*)\}\}", re.DOTALL)
LONGEST_REFERENCE = 1_000
MAKING = ("multi_select_list", "multi_select_dict", "flatten", "function_expression")
VALUES = (str, int, float, list, tuple, Mapping, type(None))
MOST_FOUND = 5_000_000  # characters; what the references of a step may come to, on the way too
Outputs = Mapping[str, Any]
UNCLOSED = "${{ without its }}"
NO_STEP = "should start with steps.ID, the output of an earlier step."
NOT_KEPT = "finds a client secret or a key: none is kept, so a flow that goes on would not find it"


def references(value: Any) -> Iterator[str]:
    """The expressions of all references in a value."""
    if isinstance(value, str):
        yield from (found.strip() for found in REFERENCE.findall(value))
        if "${{" in REFERENCE.sub("", value):
            yield UNCLOSED
    for item in _items(value):
        yield from references(item)


def _items(value: Any) -> Iterable[Any]:
    """What an object or a list has in it."""
    if is_object(value):
        return value.values()
    return value if is_list(value) else ()


def wrong_reference(expression: str, earlier: list[str]) -> str | None:
    """What is wrong with an expression, given the IDs of the earlier steps."""
    if expression == UNCLOSED:
        return "A reference ${{ is not closed: }} is missing."
    shown = _shown(expression)
    if len(expression) > LONGEST_REFERENCE:
        return f"{shown} is longer than {LONGEST_REFERENCE:,} characters."
    try:
        nodes = [*_nodes(jmespath.compile(expression).parsed)]
        _check_calls(nodes)
    except (UnknownFunctionError, ParseError, LexerError, ArityError, RecursionError) as error:
        return f"{shown} is no JMESPath: {first(error)}"
    except JMESPathError:
        return f"{shown} {NO_STEP}"  # there is nothing in it
    if any(map(_is_secret_field, nodes)):
        return f"{shown} {NOT_KEPT}"
    return _wrong_step(expression, earlier)


def _is_secret_field(node: Mapping[str, Any]) -> bool:
    kind, value = node["type"], node.get("value")
    return (kind, value) == ("field", "client_secret")


def _wrong_step(expression: str, earlier: list[str]) -> str | None:
    names = re.findall(r"\bsteps\.(\w+)", expression)
    if not names:
        return f"{_shown(expression)} {NO_STEP}"
    for name in names:
        if name not in earlier:
            hint = near(name, earlier)
            return f"No earlier step has the id {name}{hint}."
    return None


def _shown(expression: str) -> str:
    return f"${{{{ {expression.strip()[:80]} }}}}"


def _nodes(root: Any) -> Iterator[Mapping[str, Any]]:
    """All parts of a parsed expression."""
    nodes: list[Any] = [root]
    while nodes:
        node = nodes.pop()
        if is_object(node):  # a slice has numbers
            yield node
            nodes += node["children"]


def _check_calls(nodes: Iterable[Mapping[str, Any]]) -> None:
    """Raises JMESPath's error for a function that is unknown or given too few or many arguments."""
    for node in nodes:
        if node["type"] == "function_expression":
            nothing = [None] * len(node["children"])
            with contextlib.suppress(JMESPathTypeError):  # it takes other things than nothing
                Functions().call_function(node["value"], nothing)


class _Finder(TreeInterpreter):
    """Computes JMESPath within bounds: in a line, values can be doubled and loops nested at will.

    What is visited and what is made is counted, for all references of a step together.
    """

    def __init__(self) -> None:
        super().__init__(Options(custom_functions=_Functions(self.spend)))
        self.left = MOST_FOUND

    def spend(self, count: int) -> None:
        """Raises `ValueError` when too much is spent."""
        self.left -= count
        if self.left < 0:
            raise ValueError("it comes to too much")

    def count(self, made: Any) -> None:
        """Spends for a value with all that is in it, each time it is in it."""
        stack = [made]
        while stack:
            one = stack.pop()
            self.spend(len(one) if isinstance(one, str) else 16)
            if is_object(one):
                stack += one.keys()
            stack += _items(one)
            if not isinstance(one, VALUES):
                raise TypeError("it is no value")  # but an expression, as for sort_by

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        """What a part of the expression finds, within what is left."""
        self.spend(16)
        found = super().visit(node, *args, **kwargs)
        if node["type"] in MAKING:
            self.count(found)
        return found


class _Functions(Functions):
    """JMESPath's functions. One that repeats a text is counted before there is no memory left."""

    def __init__(self, spend: Callable[[int], None]) -> None:
        self.spend = spend

    def call_function(self, function_name: str, resolved_args: Iterable[Any]) -> Any:
        """What the function gives, within what is left."""
        given = [*resolved_args]
        if function_name == "join" and given and isinstance(given[0], str):
            lists = filter(is_list, given)
            items = sum(map(len, lists))
            self.spend(len(given[0]) * items)
        return super().call_function(function_name, given)


def resolved(value: Any, outputs: Outputs | None) -> Any:
    """`value` with its references filled in; with no outputs yet, they are `UNKNOWN`.

    A lone reference keeps its type. Raises `UsageError` for one that finds nothing.
    """
    return _Resolving(outputs).value(value)


class _Resolving:
    """The references of one step: together they have bounds."""

    def __init__(self, outputs: Outputs | None) -> None:
        self._outputs, self._finder = outputs, _Finder()

    def value(self, value: Any) -> Any:
        """A value with all that is in it."""
        if is_object(value):
            return {key: self.value(item) for key, item in value.items()}
        if is_list(value):
            return [self.value(item) for item in value]
        if not isinstance(value, str) or not REFERENCE.search(value):
            return value
        if self._outputs is None:
            return UNKNOWN
        if lone := REFERENCE.fullmatch(value.strip()):
            return self._found(lone[1])
        return REFERENCE.sub(self._as_text, value)

    def _found(self, expression: str) -> Any:
        shown = _shown(expression)
        try:
            parsed = jmespath.compile(expression.strip()).parsed
            known = {"steps": self._outputs}
            found = self._finder.visit(parsed, known)
            self._finder.count(found)
        except (ValueError, ArithmeticError, TypeError, RecursionError) as error:
            # JMESPath's own errors are ValueErrors; some of Python's pass through it: `[::0]`.
            raise UsageError(f"{shown} cannot be computed: {first(error)}") from None
        if found is None:
            raise UsageError(f"{shown} finds nothing in the outputs so far")
        if _is_secret(json.dumps(found, ensure_ascii=False)):
            raise UsageError(f"{shown} {NOT_KEPT}")
        return found

    def _as_text(self, match: re.Match[str]) -> str:
        found = self._found(match[1])
        if isinstance(found, str):
            return found
        return json.dumps(found)


def _is_secret(text: str) -> bool:
    """Whether a secret is in it, or one that was cut when it was kept."""
    return masked(text) != text or "_…" in text

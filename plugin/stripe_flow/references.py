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

REFERENCE = re.compile(r"\$\{\{((?:(?!\}\}|\$\{\{).)*+)\}\}", re.DOTALL)
LONGEST_REFERENCE = 1_000
MAKING = ("multi_select_list", "multi_select_dict", "flatten", "function_expression")
MOST_FOUND = 5_000_000  # characters; what the references of a step may come to, on the way too
UNCLOSED = "${{ without its }}"


def references(value: Any) -> Iterator[str]:
    """The expressions of all references in a value."""
    if isinstance(value, str):
        yield from (found.strip() for found in REFERENCE.findall(value))
        if "${{" in REFERENCE.sub("", value):
            yield UNCLOSED
    elif is_object(value) or is_list(value):
        for item in value.values() if is_object(value) else value:
            yield from references(item)


def wrong_reference(expression: str, earlier: list[str]) -> str | None:
    """What is wrong with an expression, given the IDs of the earlier steps."""
    said = f"${{{{ {expression[:80]} }}}}"
    if expression == UNCLOSED:
        return "A reference ${{ is not closed: }} is missing."
    if len(expression) > LONGEST_REFERENCE:
        return f"{said} is longer than {LONGEST_REFERENCE:,} characters."
    try:
        for function, count in _calls(jmespath.compile(expression).parsed):
            with contextlib.suppress(JMESPathTypeError):  # it takes other things than nothing
                Functions().call_function(function, [None] * count)
    except (UnknownFunctionError, ParseError, LexerError, ArityError, RecursionError) as error:
        return f"{said} is no JMESPath: {first(error)}"
    except JMESPathError:
        pass  # there is nothing in it
    names = re.findall(r"\bsteps\.(\w+)", expression)
    if not names:
        return f"{said} should start with steps.ID, the output of an earlier step."
    unknown = [name for name in names if name not in earlier]
    return (
        f"No earlier step has the id {unknown[0]}{near(unknown[0], earlier)}." if unknown else None
    )


def _calls(node: Any) -> Iterator[tuple[str, int]]:
    """The functions in an expression, and how many arguments they are given."""
    nodes: list[Any] = [node]
    while nodes:
        found = nodes.pop()
        if is_object(found):  # a slice has numbers
            nodes += found["children"]
            if found["type"] == "function_expression":
                yield found["value"], len(found["children"])


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
            if is_object(one) or is_list(one):
                stack += [*one, *one.values()] if is_object(one) else one
            elif one is not None and not isinstance(one, str | int | float):
                raise ValueError("it is no value")  # but an expression, as for sort_by

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        """As ever."""
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
        """As ever."""
        given = [*resolved_args]
        glue, *lists = given or [None]
        if function_name == "join" and isinstance(glue, str):
            self.spend(sum(len(glue) * len(one) for one in lists if is_list(one)))
        return super().call_function(function_name, given)


def resolved(value: Any, outputs: Mapping[str, Any] | None, finder: "_Finder | None" = None) -> Any:
    """`value` with its references filled in; with no outputs yet, they are `UNKNOWN`.

    A lone reference keeps its type. Raises `UsageError` for one that finds nothing.
    """
    finder = finder or _Finder()
    if is_object(value):
        return {key: resolved(item, outputs, finder) for key, item in value.items()}
    if is_list(value):
        return [resolved(item, outputs, finder) for item in value]
    if not isinstance(value, str) or not REFERENCE.search(value):
        return value
    if outputs is None:
        return UNKNOWN
    if lone := REFERENCE.fullmatch(value.strip()):
        return _found(lone[1], outputs, finder)
    return REFERENCE.sub(lambda match: _as_text(_found(match[1], outputs, finder)), value)


def _found(expression: str, outputs: Mapping[str, Any], finder: _Finder) -> Any:
    said = f"${{{{ {expression.strip()[:80]} }}}}"
    try:
        found = finder.visit(jmespath.compile(expression.strip()).parsed, {"steps": outputs})
        finder.count(found)
    except (ValueError, ArithmeticError, TypeError, RecursionError) as error:
        # JMESPath's own errors are ValueErrors; some of Python's pass through it: `[::0]`.
        raise UsageError(f"{said} cannot be computed: {first(error)}") from None
    if found is None:
        raise UsageError(f"{said} finds nothing in the outputs so far")
    return found


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)

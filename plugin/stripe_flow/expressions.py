"""What does a JMESPath expression of a flow stand on, and what does it find, within bounds?"""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs
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
from stripe_plugin.judge.values import NOTHING, is_list, is_object

LONGEST_REFERENCE = 1_000
MAKING = ("multi_select_list", "multi_select_dict", "flatten", "function_expression")
VALUES = (str, int, float, list, tuple, Mapping, type(None))
MOST_FOUND = 5_000_000  # characters; what the references of a step may come to, on the way too
MOST_LISTED = 50_000_000  # the same for what a step is done for each of
STARTS = "should start with steps.ID, the output of an earlier step, or with inputs.NAME."
NO_ITEM = "stands on item or index, which only a step with foreach has."
NOT_KEPT = (
    "finds a client secret, a key or what a variable hides: none is kept, so a flow that goes on"
    " would not find it"
)
# Of these only the first part is asked of the whole; the others are asked of what that finds.
RELATIVE = (
    *("subexpression", "index_expression", "pipe"),
    *("projection", "filter_projection", "value_projection"),
)
LEADING = (*RELATIVE, "flatten")  # JMESPath reads `steps.a[*].b` as steps.(a[*].b)
LOOPING = ("item", "index")
SAYING = re.compile("^(Invalid|Bad) jmespath expression: ")  # as the sentence has said
PARSING = (UnknownFunctionError, ParseError, LexerError, ArityError, RecursionError)

Known = Mapping[str, Any]  # what an expression may stand on: steps, inputs, item, index
Node = Mapping[str, Any]  # of a parsed expression
Names = tuple[str, ...]  # `steps`, `price`, `id`


class Unresolved(UsageError):
    """A reference that finds nothing, or cannot be computed from what there is."""


@attrs.frozen
class Scope:
    """What stands before an expression: the earlier steps, the inputs; whether there is an item.

    `later`: where the steps stand that do not, its own among them, by their ids.
    """

    steps: tuple[str, ...]
    inputs: tuple[str, ...]
    looping: bool = False
    later: Mapping[str, int] = NOTHING


def shown(expression: str) -> str:
    """An expression as a sentence has it."""
    return f"${{{{ {expression.strip()[:80]} }}}}"


def wrong_expression(expression: str, scope: Scope) -> str | None:
    """What is wrong with an expression, as a sentence."""
    label = shown(expression)
    if len(expression) > LONGEST_REFERENCE:
        return f"{label} is longer than {LONGEST_REFERENCE:,} characters."
    try:
        root = jmespath.compile(expression).parsed
        nodes = [*_nodes(root)]
        _check_calls(nodes)
    except PARSING as error:
        return f"{label} is no JMESPath: {_why(error)}"
    except JMESPathError:
        return f"{label} {STARTS}"  # there is nothing in it
    if any(map(_is_half_negated, nodes)):
        return f"{label} negates only the first word, as JMESPath reads it: write !(…)."
    if any(map(_is_secret_field, nodes)):
        return f"{label} {NOT_KEPT}"
    wrong = [_wrong_names(names, label, scope) for names in stands_on(expression)]
    return next(filter(None, wrong), None if wrong else f"{label} {STARTS}")


def _why(error: Exception) -> str:
    """What JMESPath says, without the expression: that stands before it, or on lines below."""
    line = first(error).removesuffix(":").removesuffix(", for expression")
    return SAYING.sub("", line)


def _is_secret_field(node: Node) -> bool:
    kind = node["type"]
    value = node.get("value")
    return (kind, value) == ("field", "client_secret")


def _is_half_negated(node: Node) -> bool:
    """Whether it is `!a.b`, which would never be true: `!` binds tighter than the dot."""
    if node["type"] not in RELATIVE or node["type"] == "pipe":
        return False
    first_part: Node = node["children"][0]
    return bool(first_part["type"] == "not_expression")


def _wrong_names(names: Names, label: str, scope: Scope) -> str | None:
    """What is wrong with one beginning: `steps.price`."""
    root, name = (*names, "", "")[:2]
    if root in LOOPING:
        return None if scope.looping else f"{label} {NO_ITEM}"
    if root == "steps" and name:
        return None if name in scope.steps else _no_step(name, scope)
    if root == "inputs" and name:
        hint = near(name, scope.inputs) or ": declare it under `inputs:`"
        return None if name in scope.inputs else f"The flow has no input {name}{hint}."
    if root == "env":
        return f"{label} stands on more than one variable: write ${{{{ env.NAME }}}} alone."
    return f"{label} {STARTS}"


def _no_step(name: str, scope: Scope) -> str:
    if name in scope.later:
        return (
            f"No earlier step has the id {name}: it is that of the one in line {scope.later[name]}."
        )
    return f"No earlier step has the id {name}{near(name, scope.steps)}."


def stands_on(expression: str) -> list[Names]:
    """The beginnings of an expression that parses: `steps.price`, for all that it asks of it."""
    root = jmespath.compile(expression).parsed
    return [*_beginnings(root)]


def _beginnings(root: Node) -> Iterator[Names]:
    nodes: list[Any] = [root]
    while nodes:
        node = nodes.pop()
        if not is_object(node) or node["type"] == "expref":
            continue
        names = _names(node)
        if names:
            yield names
        elif node["type"] in RELATIVE:
            nodes.append(node["children"][0])
        elif node["type"] == "current":
            yield ("@",)
        else:
            nodes += node["children"]


def _names(node: Node) -> Names:
    """The fields with which a path begins, if this is one."""
    names, _ = _path(node)
    return names


def _path(node: Node) -> tuple[Names, bool]:
    """The fields with which a node begins, and whether it is nothing but fields."""
    if node["type"] == "field":
        return (node["value"],), True
    names: Names = ()
    for child in node["children"] if node["type"] in LEADING else ():
        more, is_path = _path(child)
        names += more
        if not is_path or node["type"] != "subexpression":
            return names, False
    return names, node["type"] == "subexpression"


def _nodes(root: Any) -> Iterator[Node]:
    """All parts of a parsed expression."""
    nodes: list[Any] = [root]
    while nodes:
        node = nodes.pop()
        if is_object(node):  # a slice has numbers
            yield node
            nodes += node["children"]


def _check_calls(nodes: Iterable[Node]) -> None:
    """Raises JMESPath's error for a function that is unknown or given too few or many arguments."""
    for node in nodes:
        if node["type"] == "function_expression":
            nothing = [None] * len(node["children"])
            with contextlib.suppress(JMESPathTypeError):  # it takes other things than nothing
                Functions().call_function(node["value"], nothing)


def truth(found: Any) -> bool:
    """JMESPath's: null, false and what is empty are false; all else is true, 0 as well."""
    if found is None or found is False:
        return False
    return found not in ("", [], {})


def plain_expression(text: str) -> str:
    """An expression, which may be written as a reference."""
    lone = re.fullmatch(r"\$\{\{(.*)\}\}", text.strip(), re.DOTALL)
    return (lone[1] if lone else text).strip()


class Finder(TreeInterpreter):
    """Computes JMESPath within bounds: in a line, values can be doubled and loops nested at will.

    What is visited and what is made is counted, for all references of a step together.
    """

    def __init__(self, most: int = MOST_FOUND) -> None:
        super().__init__(Options(custom_functions=_Functions(self.spend)))
        self.left = most

    def find(self, expression: str, known: Known) -> Any:
        """What an expression finds, which may be null. `Unresolved` if it cannot be computed."""
        try:
            parsed = jmespath.compile(expression.strip()).parsed
            found = self.visit(parsed, known)
            self.count(found)
        except (ValueError, ArithmeticError, TypeError, RecursionError) as error:
            # JMESPath's own errors are ValueErrors; some of Python's pass through it: `[::0]`.
            wrong = f"{shown(expression)} cannot be computed: {_why(error)}"
            raise Unresolved(wrong) from None
        return found

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
            stack += items_of(one)
            if not isinstance(one, VALUES):
                raise TypeError("it is no value")  # but an expression, as for sort_by

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        """What a part of the expression finds, within what is left."""
        self.spend(16)
        found = super().visit(node, *args, **kwargs)
        if node["type"] in MAKING:
            self.count(found)
        return found


def items_of(value: Any) -> Iterable[Any]:
    """What an object or a list has in it."""
    if is_object(value):
        return value.values()
    return value if is_list(value) else ()


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

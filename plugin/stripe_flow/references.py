"""What does `${{ steps.price.id }}` stand for, and what only looks as if it did?"""

import json
import re
from collections.abc import Iterator
from typing import Any

from jmespath.exceptions import JMESPathError

from stripe_flow.expressions import (
    LONGEST_REFERENCE,
    NOT_KEPT,
    Finder,
    Known,
    Scope,
    Unresolved,
    items_of,
    shown,
    stands_on,
    wrong_expression,
)
from stripe_plugin.judge.values import NOTHING, UNKNOWN, is_list, is_object
from stripe_plugin.secrets import Secret, masked

REFERENCE = re.compile(r"\$\{\{((?:(?!\}\}|\$\{\{).)*)\}\}", re.DOTALL)
VARIABLE = re.compile(r"\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*")
INPUT = re.compile(r"\s*inputs\.([A-Za-z_][A-Za-z0-9_]*)\s*")
UNCLOSED = "${{ without its }}"
# What other tools fill in: {{ a.b }}, ${a} and $NAME.
BRACES = re.compile(r"(?<!\$)\{\{([^{}]{1,200})\}\}")
SHELL = re.compile(r"\$(?:\{([^{}]{1,200})\}(?!\})|([A-Za-z_][A-Za-z0-9_]{0,100}))")
ROOTED = re.compile(r"(steps|inputs|env|item|index)\b")


def references(value: Any) -> Iterator[str]:
    """The expressions of all references in a value."""
    if isinstance(value, str):
        yield from (found.strip() for found in REFERENCE.findall(value))
        if "${{" in REFERENCE.sub("", value):
            yield UNCLOSED
    for item in items_of(value):
        yield from references(item)


def variable(expression: str) -> str | None:
    """The variable of the environment that an expression names, if that is all it does."""
    found = VARIABLE.fullmatch(expression)
    return found[1] if found else None


def wrong_reference(expression: str, scope: Scope) -> str | None:
    """What is wrong with an expression, as a sentence."""
    if expression == UNCLOSED:
        return "A reference ${{ is not closed: }} is missing."
    if variable(expression):
        return None
    return wrong_expression(expression, scope)


def look_alikes(value: Any) -> Iterator[tuple[str, str]]:
    """What is sent as text but looks like a reference, and how one is written."""
    if isinstance(value, str):
        text = REFERENCE.sub("", value)
        for found in BRACES.finditer(text):
            yield found[0], _right(found[1].strip())
        for found in SHELL.finditer(text):
            yield found[0], _right((found[1] or found[2]).strip())
    for item in items_of(value):
        yield from look_alikes(item)


def _right(name: str) -> str:
    """How a reference to what was meant is written, as far as it can be guessed."""
    if ROOTED.match(name):
        return f"${{{{ {name} }}}}"
    root = "env" if name.isupper() else "inputs"
    word = re.sub(r"\W+", "_", name)
    return f"${{{{ {root}.{word} }}}}"


def resolved(value: Any, known: Known, *, early: bool = False) -> Any:
    """`value` with its references filled in. `early`: what is not known yet is `UNKNOWN`.

    A lone reference keeps its type. Raises `Unresolved` for one that finds nothing, unless it is
    alone and an input that need not be given: then that is None.
    """
    return _Resolving(known, early=early).value(value)


class _Resolving:
    """The references of one step: together they have bounds."""

    def __init__(self, known: Known, *, early: bool) -> None:
        self._known = known
        self._early = early
        self._finder = Finder()

    def value(self, value: Any) -> Any:
        """A value with all that is in it."""
        if is_object(value):
            return {key: self.value(item) for key, item in value.items()}
        if is_list(value):
            return [self.value(item) for item in value]
        if not isinstance(value, str) or not REFERENCE.search(value):
            return value
        if self._early and not all(map(self._is_known, REFERENCE.findall(value))):
            return UNKNOWN
        if lone := REFERENCE.fullmatch(value.strip()):
            return self._lone(lone[1])
        return REFERENCE.sub(self._as_text, value)

    def _is_known(self, expression: str) -> bool:
        if name := variable(expression):
            return name in self._known.get("env", ())
        if len(expression) > LONGEST_REFERENCE:
            return False
        try:
            return all(names[0] in self._known for names in stands_on(expression))
        except (JMESPathError, RecursionError):  # it is told as a mistake of its own
            return False

    def _lone(self, expression: str) -> Any:
        """What it finds; an input that need not be given and is not makes nothing given."""
        named = INPUT.fullmatch(expression)
        inputs = self._known.get("inputs", NOTHING)
        if named and inputs.get(named[1], named) is None:
            return None
        return self._found(expression)

    def _found(self, expression: str) -> Any:
        label = shown(expression)
        if name := variable(expression):
            secret: Secret = self._known["env"][name]
            return secret.reveal()
        found = self._finder.find(expression, self._known)
        if found is None:
            raise Unresolved(f"{label} finds nothing in the outputs so far{self._why(expression)}")
        if _is_secret(json.dumps(found, ensure_ascii=False)):
            raise Unresolved(f"{label} {NOT_KEPT}")
        return found

    def _why(self, expression: str) -> str:
        """That a step was skipped, if it was."""
        outputs = self._known.get("steps", {})
        for root, *names in stands_on(expression):
            if root == "steps" and names and outputs.get(names[0], names) is None:
                return f", as the step {names[0]} was skipped"
        return ""

    def _as_text(self, match: re.Match[str]) -> str:
        found = self._found(match[1])
        if isinstance(found, str):
            return found
        return json.dumps(found)


def _is_secret(text: str) -> bool:
    """Whether a secret is in it, or one that was cut when it was kept."""
    return masked(text) != text or "_…" in text

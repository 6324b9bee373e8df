"""What was typed: KEY=VALUE pairs, files and streams, within bounds?"""

import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import click

from stripe_plugin.errors import Refused, UsageError
from stripe_plugin.secrets import shown
from stripe_terminal.inside import placed, put, steps_of

Object = dict[str, Any]
STDIN = "-"
AGE = re.compile(r"(\d{1,6})([smhdw])")
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
METHODS = ("GET", "POST", "DELETE")
PARAMETER = "a parameter as Stripe's API names it: name, name[key] or name[0][key]"


def text(value: str) -> str:
    """An option's or argument's text, which an unset variable of a script would leave empty."""
    if not value.strip():
        raise click.BadParameter("it is empty: give it a value or leave it out")
    return value


def method(value: str) -> str:
    """A method that Stripe has."""
    name = text(value).upper()
    if name not in METHODS:
        known = ", ".join(METHODS)
        raise click.BadParameter(f"Stripe has no {shown(value)}: give one of {known}")
    return name


def age(value: str) -> float:
    """Seconds, as in 90d or 12h."""
    return _seconds("an age", value)


def span(value: str) -> float:
    """Seconds, as in 40d or 12h."""
    return _seconds("a span of time", value)


def _seconds(what: str, value: str) -> float:
    found = AGE.fullmatch(text(value))
    if found is None:
        wrong = f"{what} is as in 90d or 12h (s, m, h, d or w); got {shown(value)}"
        raise click.BadParameter(wrong)
    return int(found[1]) * SECONDS[found[2]]


def glob(value: str) -> str:
    """A glob that can be one over whole paths."""
    if not text(value).startswith(("/", "*")):
        raise click.BadParameter(f"a path begins with /, as in /v1/customers/*; got {shown(value)}")
    return value


def name_of(file: str) -> str:
    """What a person calls it."""
    return "standard input" if file == STDIN else file


def text_of(file: str) -> str:
    """The text of a file, or of standard input."""
    from stripe_plugin.judge.stream import text_in

    if file == STDIN:
        return text_in(sys.stdin.buffer, name_of(file))
    with Path(file).open("rb") as stream:
        return text_in(stream, file)


def inputs_of(pairs: tuple[str, ...], file: str | None, words: Collection[str]) -> Object:
    """The inputs in a file, if there is one, under those of the command line.

    `words`: the display keys and names of the action.
    """
    from stripe_flow.reading import read_data
    from stripe_plugin.judge.values import is_object

    typed = placed(pairs_of(pairs), words)
    if not file:
        return typed
    name = name_of(file)
    read: Any = read_data(name, text_of(file))
    if not is_object(read):
        raise UsageError(f"{name} must hold one object of display keys and values")
    for key, value in typed.items():
        if key in read and not isinstance(value, str):
            raise UsageError(f"{key} is in {name} as well: give all that is in it in one place")
    return {**read, **typed}


def pairs_of(pairs: tuple[str, ...]) -> dict[str, str]:
    """What was typed as KEY=VALUE, by key."""
    typed: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            example = "quote keys with spaces: 'Unit Amount=1000'"
            raise UsageError(f"{shown(pair)} is no KEY=VALUE; {example}")
        key = key.strip()
        if key in typed:
            raise UsageError(f"{key} is given twice")
        typed[key] = value
    return typed


def options_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was said of the run beside its inputs, by the names of the table of options."""
    return {
        "extra": _extra(given["extra"]),
        "expand": [*given["expand"]],
        "idempotency_key": given["idempotency_key"],
        "deadline": given["deadline"],
    }


def _extra(pairs: tuple[str, ...]) -> dict[str, Any]:
    """Stripe's parameters: KEY=VALUE, or KEY[sub]=VALUE, or a value in JSON."""
    whole: Object = {}
    for word, value in pairs_of(pairs).items():
        wrong = f"--extra {shown(word)} is not {PARAMETER}"
        steps = steps_of(word, wrong)
        read = _json_or_text(word, value)
        put(whole, steps, read, f"--extra {word}")
    return {key: _with_lists(value) for key, value in whole.items()}


def _json_or_text(word: str, value: str) -> Any:
    """A value that begins as JSON's objects and lists do is one."""
    if not value.startswith(("{", "[")):
        return value
    from stripe_plugin.judge.reading import parsed

    try:
        return parsed(value)
    except Refused as error:
        raise UsageError(f"--extra {word} {error}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--extra {word} is no JSON: {error}") from None


def _with_lists(value: Any) -> Any:
    """An object whose keys are the positions from 0 on is a list."""
    from stripe_plugin.judge.values import is_object

    if not is_object(value):
        return value
    items = {key: _with_lists(item) for key, item in value.items()}
    positions = [str(number) for number in range(len(items))]
    if items and items.keys() == set(positions):
        return [items[position] for position in positions]
    return items

"""What must be said before a flow runs? Its inputs: declared by type, given by name."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import attrs

from stripe_flow.reading import Path, Problem, Reader, exact
from stripe_plugin.errors import Refused, near
from stripe_plugin.judge.reading import once_each, typed
from stripe_plugin.judge.values import NOTHING, is_list, is_object, text
from stripe_plugin.secrets import shown

IDENTITY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
WORDS = ("type", "required", "default", "description", "choices")
NAMED = "An input's name has letters, digits and _."
USAGE = "inputs must be an object: names, each with type, required, default, description, choices."

Problems = Iterator[Problem]
Given = Mapping[str, Any]


def _object(value: Any) -> Any:
    read = _data(value)
    if not is_object(read):
        raise Refused(f'must be an object, such as {{"key": "value"}}; got {shown(value)}')
    return read


def _array(value: Any) -> Any:
    read = _data(value)
    if not is_list(read):
        raise Refused(f'must be a list, such as ["value"]; got {shown(value)}')
    return read


def _data(value: Any) -> Any:
    """What a text says in JSON, with all that is empty in it: a flow may look at that."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(
            value, parse_constant=_refuse, parse_float=exact, object_pairs_hook=once_each
        )
    except Refused:
        raise
    except (ValueError, RecursionError):
        return value


def _refuse(word: str) -> Any:
    raise ValueError(word)  # NaN and Infinity are no JSON


# By the words of JSON Schema, as manifests have them; how each is read, exactly.
TYPES: Mapping[str, Callable[[Any], Any]] = {
    "string": text,
    "integer": partial(typed, kind=int),
    "boolean": partial(typed, kind=bool),
    "object": _object,
    "array": _array,
}


@attrs.frozen
class Parameter:
    """An input of a flow, as it is declared."""

    name: str
    line: int
    type: str = "string"
    required: bool = True
    default: Any = None
    description: str = ""
    choices: tuple[Any, ...] = ()

    def read(self, value: Any) -> Any:
        """A given value in its type; `Refused` with the reason otherwise."""
        clean = TYPES[self.type](value)
        if self.choices and clean not in self.choices:
            known = ", ".join(map(str, self.choices))
            raise Refused(f"must be one of {known}; got {shown(value)}")
        return clean

    def as_dict(self) -> dict[str, Any]:
        """As JSON data, for whoever asks for its value."""
        about = attrs.asdict(self)
        del about["line"]
        return about


class Parameters:
    """The inputs that a flow declares, and what is wrong with how it does."""

    def __init__(self, reader: Reader) -> None:
        self.problems: list[Problem] = []
        self.declared: dict[str, Parameter] = {}
        self._lines = reader.lines
        listed = reader.data.get("inputs")
        if listed is not None and not is_object(listed):
            self._tell(("inputs",), USAGE)
            return
        for name, about in (listed or {}).items():
            self._declare(name, about)

    @property
    def line(self) -> int:
        """Where the inputs stand, or the file begins."""
        return self._lines.get(("inputs",), 1)

    def _tell(self, path: Path, text: str) -> None:
        key = path[1] if len(path) > 1 else "inputs"
        problem = Problem(self._lines[path], text, key=key)
        self.problems.append(problem)

    def _declare(self, name: str, about: Any) -> None:
        path = ("inputs", name)
        if not IDENTITY.fullmatch(name):
            self._tell(path, f"{shown(name)}: {NAMED}")
        elif about is not None and not is_object(about):
            self._tell(path, f"{name} must say its type, as in {name}: {{type: string}}.")
        else:
            self.declared[name] = self._parameter(name, about or {})

    def _parameter(self, name: str, about: Mapping[str, Any]) -> Parameter:
        """The parameter, with what is usual where something wrong stands."""
        told = len(self.problems)
        self._check_words(name, about)
        known = NOTHING if len(self.problems) > told else about
        line = self._lines["inputs", name]
        made = Parameter(
            name,
            line,
            type=known.get("type", "string"),
            required=known.get("required", known.get("default") is None),
            default=known.get("default"),
            description=known.get("description", ""),
        )
        made = attrs.evolve(made, choices=self._choices(made, known))
        return attrs.evolve(made, default=self._default(made))

    def _check_words(self, name: str, about: Mapping[str, Any]) -> None:
        for word, value in about.items():
            if wrong := _wrong_word(word, value):
                self._tell(("inputs", name, word), f"{name} › {wrong}")
        if about.get("required") is True and about.get("default") is not None:
            what = f"{name} has a default, so it need not be given: take `required` or it away."
            self._tell(("inputs", name, "required"), what)

    def _choices(self, parameter: Parameter, about: Mapping[str, Any]) -> tuple[Any, ...]:
        given = about.get("choices") or ()
        read = [self._value(parameter, choice, "choices") for choice in given]
        return tuple(read)

    def _default(self, parameter: Parameter) -> Any:
        if parameter.default is None:
            return None
        return self._value(parameter, parameter.default, "default")

    def _value(self, parameter: Parameter, value: Any, word: str) -> Any:
        try:
            return parameter.read(value)
        except Refused as error:
            self._tell(("inputs", parameter.name, word), f"{parameter.name} › {word} {error}.")
            return None


def _wrong_word(word: str, value: Any) -> str | None:
    """What is wrong with one word of a declaration."""
    if word not in WORDS:
        known = ", ".join(WORDS)
        return f"{shown(word)} is none of {known}{near(word, WORDS)}."
    if word == "type" and not (isinstance(value, str) and value in TYPES):
        return f"type must be one of {', '.join(TYPES)}; got {shown(value)}."
    if word == "required" and not isinstance(value, bool):
        return f"required must be true or false; got {shown(value)}."
    if word == "choices" and not (is_list(value) and value):
        return f"choices must be a list of values; got {shown(value)}."
    if word == "description" and not isinstance(value, str):
        return f"description must be text; got {shown(value)}."
    return None


def judged(parameters: Parameters, given: Given) -> tuple[dict[str, Any], list[Problem]]:
    """The values of a flow's inputs, defaults among them, and every problem.

    An input that need not be given and is not is null.
    """
    problems = [*_unknown(parameters, given)]
    values: dict[str, Any] = {}
    for name, parameter in parameters.declared.items():
        try:
            values[name] = _read(parameter, given)
        except Refused as error:
            text = f"The input {name} {error}."
            problems.append(Problem(parameter.line, text, key=name))
    return values, problems


def _unknown(parameters: Parameters, given: Given) -> Problems:
    for name in given:
        if name not in parameters.declared:
            hint = near(name, parameters.declared)
            text = f"The flow has no input {shown(name)}{hint}."
            yield Problem(parameters.line, text, key=name)


def _read(parameter: Parameter, given: Given) -> Any:
    """Its value. One that is empty is refused: a script's unset variable would mean the default."""
    name = parameter.name
    if name in given:
        if given[name] is None or not str(given[name]).strip():
            raise Refused("is empty: give it a value or leave it out")
        return parameter.read(given[name])
    if parameter.required:
        raise Refused(f"is required: give it by --input {name}=…")
    return parameter.default

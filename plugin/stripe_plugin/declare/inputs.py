"""How do inputs reach the rows of an action, and what is wrong with them? All of it, at once."""

from collections.abc import Mapping
from typing import Any

from stripe_plugin.declare.spec import Spec
from stripe_plugin.errors import Fault, Problem, Refused, near
from stripe_plugin.judge.conditions import Parameter
from stripe_plugin.judge.rules import Each, Matches
from stripe_plugin.judge.table import Faults, Field, judge_table
from stripe_plugin.judge.values import CLEAR, NOTHING, is_empty, is_list, is_object, plain
from stripe_plugin.secrets import shown

MOST_TOLD = 20  # problems of one row, and unknown inputs; of more, only how many there are

# Source: docs.stripe.com/expand.
PATH = Matches(r"[^.]+(?:\.[^.]+){0,3}", "be a path of at most four levels (a.b.c.d)")
EXPAND = Field(list[str], (Each((PATH,)),))

Values = dict[str, Any]
Problems = list[Problem]


def judge_inputs(spec: Spec, inputs: Any, extra: Any, expand: Any) -> tuple[Values, Problems]:
    """The clean values by attribute, `extra` and `expand` among them, and every problem."""
    given, problems = _by_display_key(spec, inputs)
    beside, problems_of_extra = _judge_extra(spec, given, extra)
    clean, faults = judge_table(spec.fields, given, _as_parameters(beside))
    paths, problems_of_expand = _judge_expand(spec, expand)
    problems += _row_problems(spec, faults) + problems_of_extra + problems_of_expand
    values: Values = {row.name: clean.get(row.key) for row in spec.rows}
    values["extra"] = beside
    own = values.get("expand")  # a row may have the name
    values["expand"] = [*own, *paths] if is_list(own) else tuple(paths)
    return values, problems


# --- rows -----------------------------------------------------------------------------------------


def _by_display_key(spec: Spec, inputs: Any) -> tuple[Values, Problems]:
    """What is given, by display key: neither unknown, nor twice, nor empty."""
    if not is_object(inputs):
        text = f"Inputs must be an object of display keys; got {shown(inputs)}."
        return {}, [Problem((), "inputs", "type", text)]
    problems = _unknown(spec, [word for word in inputs if word not in spec.words])
    given: Values = {}
    for word, value in inputs.items():
        row = spec.words.get(word)
        if row is None or is_empty(value):
            continue
        if row.key in given:
            text = f"{row.key} is given twice, as {row.key} and as {row.name}."
            problems.append(Problem((row.name,), row.key, "given_twice", text))
        else:
            given[row.key] = CLEAR if isinstance(value, str) and value == "@clear" else value
    return given, problems


def _unknown(spec: Spec, words: list[Any]) -> Problems:
    problems: Problems = []
    for word in words[:MOST_TOLD]:
        label = shown(word).strip('"')
        hint = near(label, spec.names) or f"; its inputs are {', '.join(spec.names)}"
        text = f"{label} is not an input of {spec.name}{hint}."
        problems.append(Problem((label,), label, "not_a_row", text))
    if more := len(words[MOST_TOLD:]):
        text = f"{more:,} more inputs are not of {spec.name} either."
        problems.append(Problem((), "inputs", "not_a_row", text))
    return problems


def _row_problems(spec: Spec, faults: Faults) -> Problems:
    problems: Problems = []
    for key, found in faults.items():
        name = spec.names[key]
        problems += [_problem(name, key, fault) for fault in found[:MOST_TOLD]]
        if more := len(found[MOST_TOLD:]):
            problems.append(Problem((name,), key, "more", f"{key} has {more:,} more problems."))
    return problems


def _problem(name: str, key: str, fault: Fault) -> Problem:
    text = f"{key}{fault.words} {fault.text}."
    return Problem((name, *fault.path), key, fault.rule, text)


# --- what is given beside them --------------------------------------------------------------------


def _as_parameters(extra: Mapping[str, Any]) -> dict[Parameter, Any]:
    """What conditions may look at: empty objects and lists are not sent."""
    return {Parameter(name): value for name, value in extra.items() if not is_empty(value)}


def _judge_extra(spec: Spec, given: Values, extra: Any) -> tuple[Values, Problems]:
    if not is_object(extra):
        text = f"extra must be an object of parameters; got {shown(extra)}."
        return {}, [Problem((), "extra", "type", text)]
    try:
        clean: Values = plain(extra)
    except Refused as error:
        return {}, [_extra_problem(fault) for fault in _faults_inside(extra) or error.faults]
    taken = {"expand", *spec.path_names, *spec.sends}
    taken |= {_root(spec.fields[key].parameter) for key in given}
    return clean, [_replaced(name) for name in clean if _root(name) in taken]


def _faults_inside(extra: Mapping[Any, Any]) -> list[Fault]:
    """The faults of the first parameter that is refused for itself."""
    for name, value in [*extra.items()][:1000]:
        try:
            plain(value)
        except Refused as error:
            return [fault.inside(shown(name).strip('"')) for fault in error.faults]
    return []


def _extra_problem(fault: Fault) -> Problem:
    return Problem(fault.path, "extra", fault.rule, f"extra{fault.words} {fault.text}.")


def _replaced(name: str) -> Problem:
    label = shown(name).strip('"')
    return Problem((label,), "extra", "given_twice", f"extra would replace {label}.")


def _root(parameter: str) -> str:
    return parameter.partition("[")[0]


def _judge_expand(spec: Spec, expand: Any) -> tuple[list[str], Problems]:
    if is_empty(expand):
        return [], []
    row = spec.words.get("expand")
    key = row.key if row else "expand"
    try:
        return EXPAND.judge(expand, NOTHING), []
    except Refused as error:
        return [], [_problem("expand", key, fault) for fault in error.faults[:MOST_TOLD]]

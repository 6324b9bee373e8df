"""Does a reference name a field that the answer of its step has, as far as that is known before?

Stripe's document knows the fields, and Stripe may add some: what it does not know is doubtful, and
no mistake. An expression is followed through the schemas of the answers, as it is computed later
through the answers.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import jmespath
from jmespath.visitor import Visitor

from stripe_flow.expressions import Node, shown
from stripe_flow.placed import PlacedStep
from stripe_flow.reading import Problem
from stripe_flow.references import references, variable
from stripe_plugin.errors import near
from stripe_plugin.host.host import Host
from stripe_plugin.judge.values import NOTHING, is_list

WHOLE = ("cursor", "requests")  # what a list that is read to its end has beside a page's fields
ROOTS = ("inputs", "env", "item", "index")  # of which nothing is known, but of an item sometimes
Schema = Mapping[str, Any]
Schemas = Mapping[str, Schema]  # by step
Problems = Iterator[Problem]


def answer_of(step: PlacedStep, host: Host) -> Schema:
    """The schema of a step's output, a list of them if it loops; empty for a shape of its own."""
    schema = _answer(step, host)
    return {"type": "array", "items": schema} if step.loops else schema


def _answer(step: PlacedStep, host: Host) -> Schema:
    action = host.action(step.action)
    if not action.spec.answer.is_fixed:
        return NOTHING
    schema: Schema = host.manifest(step.action)["output_schema"]
    properties = schema.get("properties", {})
    if "data" not in properties:
        return schema
    more: dict[str, Schema] = {name: {} for name in WHOLE}
    return {**schema, "properties": {**properties, **more}}


def doubtful(step: PlacedStep, answers: Schemas) -> Problems:
    """Each reference of a step, which parses, that leads to no known field of an earlier one."""
    item = _item_of(step, answers)
    for word, key, expression in _expressions(step):
        if variable(expression):
            continue
        _, doubts = followed(expression, answers, NOTHING if word == "foreach" else item)
        for doubt in doubts:
            text = f"{step.name} › {key or word}: {shown(expression)}: {doubt}"
            yield step.problem(text, *filter(None, (word, key)))


def _item_of(step: PlacedStep, answers: Schemas) -> Schema:
    """What each item of a loop is, as far as that is known."""
    if not isinstance(step.foreach, str):
        return NOTHING
    schema, _ = followed(step.foreach, answers)
    items: Schema = schema.get("items", NOTHING)
    return items


def _expressions(step: PlacedStep) -> Iterator[tuple[str, str, str]]:
    """Word, key and expression, of all that it stands on."""
    for word, expression in step.expressions:
        yield word, "", expression
    for word, key, value in step.values:
        for expression in references(value):
            yield word, key, expression
    if is_list(step.foreach):
        for expression in references(step.foreach):
            yield "foreach", "", expression


def followed(expression: str, answers: Schemas, item: Schema = NOTHING) -> tuple[Schema, list[str]]:
    """The schema of what an expression finds, and what is doubtful on the way, as sentences."""
    known = {**dict.fromkeys(ROOTS, NOTHING), "item": item, "steps": {"properties": answers}}
    following = _Following()
    try:
        parsed = jmespath.compile(expression.strip()).parsed
        found = following.visit(parsed, Found("", {"properties": known}))
    except RecursionError:  # whoever writes such an expression is told when it is computed
        return NOTHING, []
    return found.schema, following.doubts


@attrs.frozen
class Found:
    """What a part of an expression finds: where that stands, and all that is known of it."""

    path: str
    schema: Schema = NOTHING

    def is_other_than(self, kind: str) -> bool:
        """Whether it is surely never of this type, which JSON Schema names."""
        types = self.schema.get("type", [])
        return bool(types) and kind not in ([types] if isinstance(types, str) else types)

    def field(self, name: str) -> "Found":
        """What stands in it under this name."""
        path = f"{self.path}.{name}" if self.path not in ("", "steps") else name
        return Found(path, self.schema.get("properties", NOTHING).get(name, NOTHING))

    @property
    def each(self) -> "Found":
        """What each of its items is, if it is a list."""
        return Found(f"{self.path}[]", self.schema.get("items", NOTHING))


UNKNOWN = Found("")


class _Following(Visitor):
    """Follows an expression through schemas; JMESPath has the names of its parts."""

    def __init__(self) -> None:
        super().__init__()
        self.doubts: list[str] = []

    def visit_function_expression(self, node: Node, at: Found) -> Found:
        """Of what is made anew, as by a function or a comparison, nothing is known."""
        for child in node["children"]:
            self.visit(child, at)
        return UNKNOWN

    visit_comparator = visit_not_expression = visit_function_expression
    visit_or_expression = visit_and_expression = visit_function_expression
    visit_multi_select_list = visit_multi_select_dict = visit_function_expression
    visit_key_val_pair = visit_literal = visit_function_expression

    def visit_expref(self, _node: Node, _at: Found) -> Found:
        """What a function asks of the items that it is given."""
        return UNKNOWN

    def visit_current(self, _node: Node, at: Found) -> Found:
        """All of it."""
        return at

    visit_identity = visit_current

    def visit_field(self, node: Node, at: Found) -> Found:
        """A field of an object; JMESPath finds nothing where there is no such field."""
        name = node["value"]
        fields = at.schema.get("properties")
        if at.is_other_than("object") and not at.is_other_than("array"):
            first, all_ = f"{at.path}[0].{name}", f"{at.path}[].{name}"
            self._doubt(f"{at.path} is a list: write {first} for its first, {all_} for all.")
        elif fields is not None and name not in fields:
            hint = near(name, fields)
            self._doubt(f"{at.path} has no field {name} that Stripe documents{hint}.")
        return at.field(name)

    def visit_subexpression(self, node: Node, at: Found) -> Found:
        """One after another: each is asked of what the one before it finds."""
        for child in node["children"]:
            at = self.visit(child, at)
        return at

    visit_index_expression = visit_pipe = visit_subexpression

    def visit_index(self, _node: Node, at: Found) -> Found:
        """An item of a list."""
        return self._each(at)

    def visit_slice(self, _node: Node, at: Found) -> Found:
        """Some items of a list, which are a list."""
        return at

    def visit_flatten(self, node: Node, at: Found) -> Found:
        """A list, in which lists are replaced by their items."""
        found = self.visit(node["children"][0], at)
        each = self._each(found)
        return each if "items" in each.schema else found

    def visit_projection(self, node: Node, at: Found) -> Found:
        """What is asked of each item, as a list."""
        left, right = node["children"]
        found = self.visit(left, at)
        return self._listed(self.visit(right, self._each(found)))

    def visit_filter_projection(self, node: Node, at: Found) -> Found:
        """The same of the items for which a condition holds."""
        left, right, condition = node["children"]
        each = self._each(self.visit(left, at))
        self.visit(condition, each)
        return self._listed(self.visit(right, each))

    def visit_value_projection(self, node: Node, at: Found) -> Found:
        """The same of each value of an object, of which nothing is known."""
        self.visit(node["children"][0], at)
        return UNKNOWN

    def _each(self, at: Found) -> Found:
        if at.is_other_than("array"):
            self._doubt(f"{at.path} is no list.")
        return at.each

    def _doubt(self, sentence: str) -> None:
        if sentence not in self.doubts:
            self.doubts.append(sentence)

    def _listed(self, each: Found) -> Found:
        schema = {"type": "array", "items": each.schema}
        return Found(each.path, schema)

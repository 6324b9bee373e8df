"""How do form libraries draw an action? As JSON Schema, and as their own words for layouts.

`form_schema` holds only what draft-07 and 2020-12 read alike, and nothing that would keep a form
from being sent: what hangs on other rows is said in descriptions, and judged when it is run.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from stripe_plugin.declare.linked import Linked
from stripe_plugin.host.box import Box, picker
from stripe_plugin.judge.rules import DocumentedValue, MaxLength, OneOf, Reading, Rule
from stripe_plugin.judge.schema import type_schema
from stripe_plugin.judge.values import SCALARS, is_object_kind

# What is taken over from the schemas of rules.
WORDS = ("format", "pattern", "maxLength", "minimum", "maximum", "maxItems", "maxProperties")
TRUE_OR_FALSE = (True, False)
YES_OR_NO = ("Yes", "No")
FREE = {"type": "string"}  # the values of an object whose keys a person makes up
Data = dict[str, Any]


# --- JSON Schema ----------------------------------------------------------------------------------


def form_schema(name: str, description: str, boxes: list[Box]) -> Data:
    """Property name = parameter, title = display key."""
    head: Data = {"title": name, "description": description}
    required = [box.name for box in boxes if box.presence == "required"]
    schema = head | _object(boxes)
    if required:
        schema["required"] = required
    return schema


def _object(boxes: Iterable[Box]) -> Data:
    properties = {box.name: _titled(box) for box in boxes}
    return {"type": "object", "properties": properties}


def _titled(box: Box) -> Data:
    schema: Data = {"title": box.title}
    if about := described(box):
        schema["description"] = about
    return schema | _value(box)


def described(box: Box) -> str:
    """What it is, and when it must be given."""
    conditions = [condition.text for condition in box.conditions]
    said = [box.description, *conditions]
    return " ".join(f"{text}." for text in said if text)


def _value(box: Box) -> Data:
    schema = limits(box)
    if box.inner:
        # What must be given in it is not said: libraries send {} for one that is left alone.
        schema |= _object(box.inner)
    if is_free(box):
        schema["additionalProperties"] = FREE
    if box.item:
        schema["items"] = _value(box.item)
    return schema


def is_free(box: Box) -> bool:
    """Whether it is an object whose keys a person makes up."""
    return is_object_kind(box.kind) and not box.inner


def limits(box: Box) -> Data:
    """The type, and what a value may be by its own rules."""
    schema = {"type": type_schema(box.kind)["type"]}
    for rule in box.rules:
        schema |= {word: rule.schema[word] for word in WORDS if word in rule.schema}
        if isinstance(rule, DocumentedValue) and rule.schema:
            schema["examples"] = rule.schema["enum"]  # others may have come since
        if isinstance(rule, Linked):
            schema["examples"] = [*rule.paths]
    if chosen := choices(box):
        schema["enum"] = [*chosen]  # no library takes an enum for a default, as it does a oneOf
    return schema


def choices(box: Box) -> dict[Any, str]:
    """What can be chosen, and how it is shown: `Send invoice`."""
    if box.kind is bool:
        return dict(zip(TRUE_OR_FALSE, YES_OR_NO, strict=True))
    found: dict[Any, str] = {}
    for rule in box.rules:
        if isinstance(rule, OneOf):
            found |= {value: _as_words(value) for value in rule.values}
    return found


def _as_words(value: str) -> str:
    return value.replace("_", " ").capitalize()


# --- RJSF -----------------------------------------------------------------------------------------


def ui_schema(boxes: list[Box]) -> Data:
    """The `uiSchema` of react-jsonschema-form: an object that is left alone is not there."""
    everywhere = {"enableOptionalDataFieldForType": ["object"]}
    return {"ui:globalOptions": everywhere} | _ui_object(boxes)


def _ui_object(boxes: list[Box]) -> Data:
    schema: Data = {"ui:order": [box.name for box in boxes]}
    for box in boxes:
        schema[box.name] = _ui(box)
    return schema


def _ui(box: Box) -> Data:
    words = {
        "ui:widget": "select" if box.kind is bool else "",
        "ui:enumNames": [*choices(box).values()],
        "ui:placeholder": placeholder(box),
        "ui:help": help_text(box),
        "ui:options": _ui_options(box),
    }
    schema: Data = {word: value for word, value in words.items() if value}
    if box.inner:
        schema |= _ui_object(box.inner)
    if box.item:
        schema["items"] = _ui(box.item)
    return schema


def _ui_options(box: Box) -> Data:
    found = options(box)
    if is_free(box) or _is_frame(box):
        found["enableOptionalDataFieldForType"] = []
    is_read = any(isinstance(rule, Reading) for rule in box.rules)
    if box.kind is int and is_read:
        found["inputType"] = "text"  # it may be written as 15.00 USD, or as a date
    return found


def _is_frame(box: Box) -> bool:
    """Whether it holds nothing but objects: a button that adds it would add nothing."""
    return bool(box.inner) and all(inner.inner for inner in box.inner)


def placeholder(box: Box) -> str:
    """The example, in a box that takes text or a number."""
    is_typed = box.kind in SCALARS
    if not is_typed or choices(box) or box.example is None:
        return ""
    return str(box.example)


def help_text(box: Box) -> str:
    """What its value must be, where no widget shows it."""
    if box.inner or box.item:
        return ""
    said = [rule.text for rule in box.rules if not _is_plain(rule)]
    return " ".join(f"{text}." for text in said if text)


def _is_plain(rule: Rule) -> bool:
    """Whether nobody needs to be told beforehand: a choice, and the length that Stripe allows."""
    return isinstance(rule, OneOf) or rule == MaxLength(5000)


def options(box: Box) -> Data:
    """What a library may be taught to show: a picker for an ID, and the group of a row."""
    found: Data = {}
    if resource := box.reference:
        found["reference"] = picker(resource)
    if box.beyond:
        found["group"] = "More"
    return found


# --- JSON Forms -----------------------------------------------------------------------------------


def ui_layout(boxes: list[Box]) -> Data:
    """The UI schema of JSON Forms: the rows of the page, and more below them."""
    page = [box for box in boxes if not box.beyond]
    more = [box for box in boxes if box.beyond]
    if not more:
        return _vertical(page)
    of_page = _group("Page", _elements(page))
    of_more = _group("More", _elements(more))
    return {"type": "VerticalLayout", "elements": [of_page, of_more]}


def _vertical(boxes: list[Box]) -> Data:
    return {"type": "VerticalLayout", "elements": _elements(boxes)}


def _group(title: str, elements: list[Data]) -> Data:
    return {"type": "Group", "label": title, "elements": elements}


def _elements(boxes: list[Box], above: str = "#") -> list[Data]:
    return [_element(box, f"{above}/properties/{box.name}") for box in boxes]


def _element(box: Box, scope: str) -> Data:
    if box.inner:
        return _group(box.title, _elements(box.inner, scope))
    shown: Data = {"showUnfocusedDescription": True}
    if text := placeholder(box):
        shown["placeholder"] = text
    if text := help_text(box):
        shown["help"] = text
    if box.item and box.item.inner:
        shown |= {"detail": _vertical(box.item.inner), "showSortButtons": True}
    shown |= options(box)
    return {"type": "Control", "scope": scope, "options": shown}


def labels(boxes: Iterable[Box], above: str = "") -> dict[str, str]:
    """How choices are shown, by the names that JSON Forms asks its `translate` for."""
    found: dict[str, str] = {}
    for box in boxes:
        path = f"{above}{box.name}."
        for value, text in choices(box).items():
            word = str(value).lower() if box.kind is bool else value
            found[path + word] = text
        inner = box.item.inner if box.item else box.inner
        found |= labels(inner, path)
    return found


# --- messages -------------------------------------------------------------------------------------

MUST_BE: dict[Any, str] = {
    str: "be text",
    int: "be a whole number, such as 10",
    Decimal: "be a number, such as 12.5",
    bool: "be true or false",
}


def messages(boxes: Iterable[Box], above: str = "", place: str = "") -> dict[str, Data]:
    """Our sentences for who validates in a browser: by path, then by keyword.

    The path is `/line_items/*/quantity`, as an error of a validator has it but for the position.
    A rule that has no keyword is there under its own name.
    """
    told: dict[str, Data] = {}
    for box in boxes:
        path = f"{above}/{box.name}"
        words = f"{place}{box.title}"
        told |= _told(box, path, words)
    return told


def _told(box: Box, path: str, words: str) -> dict[str, Data]:
    told = {path: _own(box, words)}
    told |= messages(box.inner, path, f"{words} › ")
    if box.item:
        told |= _told(box.item, f"{path}/*", words)
    return {place: found for place, found in told.items() if found}


def _own(box: Box, words: str) -> Data:
    found: Data = {}
    if box.kind in MUST_BE:
        found["type"] = f"{words} must {MUST_BE[box.kind]}."
    if box.presence == "required":
        found["required"] = f"{words} is required."
    if box.kind is bool:
        found["enum"] = found["type"]
    for condition in box.conditions:
        found[condition.name] = f"{words} {condition.ever_wrong}."
    for rule in box.rules:
        if rule.must:
            sentence = f"{words} must {rule.must}."
            words_of_it = _keywords(rule.schema) or [rule.name]
            found |= dict.fromkeys(words_of_it, sentence)
    return found


def _keywords(schema: Any) -> list[str]:
    """The keywords of a schema that a validator may find broken."""
    broken = {*WORDS, "enum"} - {"format"}
    return [word for word in schema if word in broken]

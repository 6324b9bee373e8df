"""How does Stripe's API document say that an answer looks? As JSON Schema, which refuses others."""

import re
from functools import cache
from typing import Any

from stripe_plugin.declare import contract
from stripe_plugin.declare.contract import Shape

Schema = dict[str, Any]

# Fields of the API as recorded that the document does not list, by object.
BEYOND_THE_DOCUMENT = {
    "product": {"attributes", "tax_details", "type"},
    "payment_intent": {"payment_record", "source", "shared_payment_granted_token"},
    "charge": {"destination", "dispute", "order", "source"},
    "subscription": {"plan", "quantity"},
    "subscription_item": {"plan"},
    "invoiceitem": {"invoicing_rules"},
    "recurring": {"trial_period_days"},
    "list": {"total_count"},
    "payment_method_options.link": {"persistent_token"},
}
# A field that the document requires, and that no recording has where nothing was paid so.
NOT_RECORDED = {"amount_paid_off_stripe"}
BEYOND = set[str]().union(*BEYOND_THE_DOCUMENT.values())


@cache
def schema_of(method: str, path: str) -> Schema | None:
    """The schema of what is answered at a path with its IDs filled in; None: no such endpoint."""
    for endpoint in contract.operations():
        verb, template = endpoint.split()
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
        if verb == method and re.fullmatch(pattern, path):
            found = contract.operation(verb, template)
            assert found
            assert found.answer
            return whole(found.answer)
    return None


def whole(shape: Shape) -> Schema:
    """The schema of an answer, with those of all kinds."""
    return {**schema(shape), "$defs": kinds()}


@cache
def kinds() -> Schema:
    """The schema of every kind of object."""
    shapes = {kind: contract.shape(kind) for kind in contract.kinds()}
    return {kind: schema(shape) for kind, shape in shapes.items() if shape}


def schema(shape: Shape) -> Schema:
    """What one value may be."""
    made = alternatives(shape)
    return {"anyOf": [made, {"type": "null"}]} if shape.nullable else made


def alternatives(shape: Shape) -> Schema:
    """What one value may be, if it is not null."""
    if len(shape.alternatives) > 1:
        return {"anyOf": [schema(each) for each in shape.alternatives]}
    [one] = shape.alternatives
    if one.kind:
        return {"$ref": f"#/$defs/{one.kind}"}
    made: Schema = {"type": one.type} if one.type else {}
    if one.enum:
        made["enum"] = [*one.enum]
    if one.max_length:
        made["maxLength"] = one.max_length
    return made | inner(one)


def inner(shape: Shape) -> Schema:
    """What an object or a list may hold."""
    made: Schema = {}
    if shape.items:
        made["items"] = schema(shape.items)
    if shape.values:
        made["additionalProperties"] = schema(shape.values)
    elif shape.fields:
        known = {name: schema(field) for name, field in shape.fields.items()}
        made["properties"] = dict.fromkeys(BEYOND, True) | known
        required = {name for name, field in shape.fields.items() if field.required}
        made["required"] = sorted(required - NOT_RECORDED)
        made["additionalProperties"] = False
    return made

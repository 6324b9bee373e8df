"""How does an action look to a builder? Everything is derived from its table."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from stripe_plugin.declare.action import Action
from stripe_plugin.declare.open import METHOD, PATH, OpenAction
from stripe_plugin.declare.options import Options
from stripe_plugin.declare.resource import Resource
from stripe_plugin.declare.row import Row, Table, reference_of
from stripe_plugin.host import connecting
from stripe_plugin.host.box import boxes, picker, presence
from stripe_plugin.host.choices import depends_on
from stripe_plugin.host.example import output_example
from stripe_plugin.host.form import form_schema, labels, messages, ui_layout, ui_schema
from stripe_plugin.host.output import output_schema, outputs
from stripe_plugin.host.tool import tool_schema
from stripe_plugin.judge.table import Field, table_schema
from stripe_plugin.judge.values import Names

DASHBOARD = "https://dashboard.stripe.com"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
LIMITS = ("enum", "minimum", "maximum", "maxLength", "pattern", "maxItems", "format")
Data = dict[str, Any]


def describe(action: type[Action]) -> Data:
    """The manifest of one action, JSON-safe: its rows as data, and JSON Schemas (2020-12)."""
    spec = action.spec
    return {
        "id": spec.id,
        "name": spec.name,
        "summary": spec.summary,
        "description": spec.description,
        "resource": spec.resource,
        "method": spec.method,
        "path": spec.path,
        "docs_url": spec.docs_url,
        "hints": spec.hints,
        "permission": spec.permission,
        "beyond": spec.beyond,
        "recipe": spec.recipe,
        **_drawn_of(action),
        "tool_schema": tool_schema(spec.description, boxes(spec)),
        "outputs": outputs(spec),
        "output_schema": output_schema(spec),
        "output_example": output_example(spec),
    }


def describe_options() -> Data:
    """What every run may be told beside its inputs, JSON-safe: as rows and as a form's schema."""
    table = Options.table
    return {"name": table.name, "description": table.description, **_drawn(table)}


def describe_connection() -> Data:
    """What a connection is made of, JSON-safe: as rows and forms, and how it is tried."""
    table = connecting.TABLE
    about = {"name": table.name, "description": table.description}
    return about | connecting.completed(_drawn(table))


def describe_resources(actions: Iterable[type[Action]]) -> dict[str, Data]:
    """The resources that actions are about or refer to, by what Stripe calls them, JSON-safe."""
    found: dict[str, Data] = {}
    for action in actions:
        for resource in referred(action.spec.rows):
            found[resource.object] = _resource(resource)
        found[action.spec.resource] = _resource(action.spec.subject)
    return dict(sorted(found.items()))


def referred(fields: Iterable[Field]) -> Iterator[Resource]:
    """The resources whose IDs belong into fields, and into those inside of them."""
    for field in fields:
        if resource := reference_of(field):
            yield resource
        yield from referred(field.nested.values())


def _resource(resource: Resource) -> Data:
    return {
        "label": resource.title,
        "plural": f"{resource.title}s",
        "icon": resource.icon,
        "prefix": resource.prefix,
        "listed_by": resource.listed_by,
        "shown_by": resource.label,
        "dashboard": _dashboards(resource),
    }


def _dashboards(resource: Resource) -> dict[str, str] | None:
    """Its address by mode, with `{id}` in it."""
    if resource.dashboard is None:
        return None
    page = f"{resource.dashboard}/{{id}}"
    return {"live": f"{DASHBOARD}/{page}", "test": f"{DASHBOARD}/test/{page}"}


def _drawn_of(action: type[Action]) -> Data:
    """As `_drawn`; of an action whose endpoint is an input, which rows offer one."""
    drawn = _drawn(action.spec)
    if issubclass(action, OpenAction):
        for row in drawn["inputs"]:
            if row["name"] in (METHOD, PATH):
                row["offers"] = "endpoints"
    return drawn


def _drawn(table: Table) -> Data:
    """Rows as data, as forms of two libraries, and as the schema of all that can be checked."""
    shown = boxes(table)
    return {
        "inputs": _fields(table.rows, table),
        "form_schema": form_schema(table.name, table.description, shown),
        "ui_schema": ui_schema(shown),
        "ui_layout": ui_layout(shown),
        "labels": labels(shown),
        "messages": messages(shown),
        "input_schema": input_schema(table),
    }


def _field(field: Field, names: Names, table: Table) -> Data:
    """A row, or a field inside of one; `names`: parameters by the display keys beside it."""
    about = _facts(field, names)
    if field.conditions:
        about["conditions"] = [rule.data(names) for rule in field.conditions]
    reference = reference_of(field)
    if reference is not None:
        depends = {"depends_on": depends_on(table.rows, reference)}
        about["reference"] = picker(reference) | depends
    if field.nested:
        about["fields"] = _fields(field.nested.values(), table)
    return about


def _facts(field: Field, names: Names) -> Data:
    """What every field tells: what it is called, is for and must be."""
    schema = field.schema
    about = {
        "key": field.key,
        "name": field.name,
        "type": schema["type"],
        "required": field.required,
        "presence": presence(field, names),
        "example": field.example,
        "description": field.description,
        **_page(field),
        "rules": [rule.text for rule in field.rules if rule.text],
        "clearable": bool(field.clearable),
    }
    limits = {limit: schema[limit] for limit in LIMITS if limit in schema}
    return about | limits


def _page(field: Field) -> Data:
    """What the action page says of a row."""
    if not isinstance(field, Row):
        return {}
    return {"beyond": field.beyond, "restrictions": field.restriction_text}


def _fields(fields: Collection[Field], table: Table) -> list[Data]:
    """Those that stand side by side; `table`: that of which they are rows, or inside of rows."""
    names = {field.key: field.name for field in fields}
    return [_field(field, names, table) for field in fields]


def input_schema(table: Table) -> Data:
    """All that a schema can say of inputs, conditions as if/then/else: JSON Schema 2020-12."""
    schema = table_schema(table.fields, table.names)
    for row in table.rows:
        said = row.annotations | {"description": row.explanation}
        schema["properties"][row.name] = said | schema["properties"][row.name]
    head = {"$schema": DIALECT, "title": table.name}
    return head | {"description": table.description} | schema

"""Prints the class of an endpoint of Stripe's in house style, for a person to cut and to word.

With it come the lines that import what it names, which its module may have already.

`python manifests/draft.py POST /v1/coupons`: rows, types and rules are the API document's; what a
person must write stands in «such marks».
"""

import ast
import builtins
import re
import sys
from collections.abc import Iterator
from keyword import iskeyword

from stripe_nodes import resources
from stripe_plugin import Action
from stripe_plugin.declare import contract
from stripe_plugin.declare.contract import Operation, Shape
from stripe_plugin.errors import UsageError
from stripe_plugin.judge.table import title_case

VERBS = {"GET": "Retrieve", "POST": "Update", "DELETE": "Delete"}
OWN = {*dir(Action)}  # names that no row can have
LONG_ENOUGH = 9  # characters for the example of a text
NEVER_ROWS = ("expand",)  # which is there by itself
# The tables of stripe_nodes.lists, by the parameters that each has rows for.
LISTED = ("limit", "starting_after", "ending_before")
TABLES = {"Searched": ("query", "limit", "page"), "Dated": (*LISTED, "created"), "Listed": LISTED}
TYPES = {
    "string": "str",
    "integer": "int",
    "number": "Decimal",
    "boolean": "bool",
    "object": "dict[str, Any]",
    "array": "list[Any]",
}
EXAMPLES = {
    "str": '"«example»"',
    "int": "10",
    "Decimal": "12.5",
    "bool": "True",
    "dict[str, Any]": '{"«key»": "«value»"}',
}
# Rows that recur, with the words that they have everywhere.
RECURRING = {
    "limit": "rows.limit()",
    "metadata": 'rows.metadata({"order_id": "123"}, clearable=CLEARABLE)',
}
# Where the names of a draft are from.
HOMES = {
    "decimal": ("Decimal",),
    "typing": ("Any",),
    "stripe_nodes": ("rows", "rules"),
    "stripe_nodes.lists": (*TABLES,),
    "stripe_nodes.resources": (),  # those that are there
    "stripe_plugin": (
        *("Action", "Deleted", "Found", "One", "Page"),
        *("action", "optional", "path_id", "required", "rule"),
    ),
}
NO_RESOURCE = (
    "# There is no {} in stripe_nodes/resources.py yet: see Adding a resource in CONTRIBUTING.md."
)
DEEPEST = 2  # tables inside of each other that are written out; deeper ones are free objects


class Draft:
    """The lines of one class."""

    def __init__(self, method: str, path: str) -> None:
        found = contract.operation(method, path)
        if found is None:
            raise UsageError(f"Stripe's document of {contract.version()} has no {method} {path}")
        self._operation: Operation = found
        self._method = method
        self._path = path

    @property
    def text(self) -> str:
        """The class, to be formatted."""
        return "\n".join([*self._head(), *self._rows()])

    @property
    def imports(self) -> str:
        """The lines that import its names, and a remark for each resource that is not there yet."""
        used = _names(self.text)
        named = sorted(name for name in used if name.isupper())
        there = [name for name in named if hasattr(resources, name)]
        lines: list[str] = []
        for module, offered in HOMES.items():
            names = [name for name in offered or there if name in used]
            lines += [f"from {module} import {', '.join(names)}"] if names else []
        lines += [NO_RESOURCE.format(name) for name in named if name not in there]
        return "\n".join(lines)

    # --- what it is about -------------------------------------------------------------------------

    @property
    def _is_page(self) -> bool:
        answer = self._operation.answer
        return answer is not None and "has_more" in answer.fields

    @property
    def kind(self) -> str:
        """The kind of object that is answered, or is in the list."""
        answer = self._operation.answer
        if answer and self._is_page:
            answer = answer.fields["data"].items
        kinds = answer.kinds if answer else ()
        return kinds[0].removeprefix("deleted_") if kinds else "object"

    @property
    def name(self) -> str:
        """What the class is called: `CreateCoupon`."""
        *_, last = self._path.split("/")
        if self._is_page and last == "search":
            return f"Search{_camel(self.kind)}s"
        if self._is_page:
            return f"List{_camel(last)}"
        if last.startswith("{"):
            return f"{VERBS[self._method]}{_camel(self.kind)}"
        if self.kind.endswith(last.removesuffix("s")):
            return f"Create{_camel(self.kind)}"
        return f"{_camel(last)}{_camel(self.kind)}"

    @property
    def _answers(self) -> str:
        if self._method == "DELETE":
            return "Deleted()"
        if not self._is_page:
            return "One()"
        return "Found()" if self._table == "Searched" else "Page()"

    @property
    def _table(self) -> str:
        """The class that it is made of: one that has the rows of all lists, if it is one."""
        known = self._operation.parameters.keys()
        fitting = [name for name, has in TABLES.items() if known >= {*has}]
        return fitting[0] if self._is_page and fitting else "Action"

    def _head(self) -> Iterator[str]:
        subject = _constant(self.kind)
        yield f'@action("{self._method} {self._path}", {subject}, answers={self._answers})'
        yield f"class {self.name}({self._table}):"
        yield '    """«What it does, in one sentence.»"""'
        yield ""

    # --- rows -------------------------------------------------------------------------------------

    def _rows(self) -> Iterator[str]:
        for name in self._operation.path:
            kind = name if name in contract.kinds() else self.kind
            key = f"{title_case(kind)} ID"
            yield f'    {name}: str = path_id("{key}", "«example»", "«which»", {_constant(kind)})'
        for name, shape in self._ordered():
            yield from self._row(name, shape)

    def _ordered(self) -> list[tuple[str, Shape]]:
        """What must be given first, what turns pages last."""
        known = self._operation.parameters.items()
        there = (*NEVER_ROWS, *TABLES.get(self._table, ()))
        found = [(name, shape) for name, shape in known if name not in there]
        return sorted(found, key=lambda each: (not each[1].required, each[0] in RECURRING))

    def _row(self, name: str, shape: Shape) -> Iterator[str]:
        one = _simplest(shape)
        if len(shape.alternatives) > 1:
            yield f"    # Stripe also takes {_others(shape, one)} here."
        kind = _type(one) if shape.required else f"{_type(one)} | None"
        attribute = f"{name}_" if name in OWN else name
        yield f"    {attribute}: {kind} = {self._made(name, shape, one)}"

    def _made(self, name: str, shape: Shape, one: Shape) -> str:
        if name in RECURRING:
            made = RECURRING[name].replace("SUBJECT", _constant(self.kind))
            return made.replace("CLEARABLE", str(shape.clearable))
        currency = '"Currency"' if "currency" in self._operation.parameters else "None"
        parts = [f'"{title_case(name)}"', _example(one), '"«what it is»"']
        parts += _rules(name, one, currency)
        if shape.clearable and not shape.required:
            parts.append("clearable=True")
        word = "required" if shape.required else "optional"
        return f"{word}({', '.join(parts)})"


# --- one value ------------------------------------------------------------------------------------


def _simplest(shape: Shape) -> Shape:
    """The alternative that has most to fill in: an object rather than one of its short forms."""
    for each in shape.alternatives:
        if each.type == "object":
            return each
    return shape.alternatives[0]


def _others(shape: Shape, one: Shape) -> str:
    others = [each for each in shape.alternatives if each is not one]
    return " or ".join(", ".join(each.enum) or f"{each.type}" for each in others)


def _type(shape: Shape) -> str:
    if shape.format == "decimal":
        return "Decimal"
    if shape.items is not None:
        return f"list[{_type(_simplest(shape.items))}]"
    return TYPES[shape.type or "object"]


def _example(shape: Shape) -> str:
    if shape.enum:
        return f'"{shape.enum[0]}"'
    if shape.items is not None:
        return f"[{_example(_simplest(shape.items))}]"
    if shape.fields:
        return _example_object(shape)
    if shape.format == "currency":
        return '"usd"'
    if shape.max_length and shape.max_length < LONG_ENOUGH:
        return f'"{"…" * shape.max_length}"'
    return "1893456000" if shape.is_time else EXAMPLES[_type(shape)]


def _example_object(shape: Shape) -> str:
    """With the keys that must be there, or else the first one: an empty object is none."""
    needed = [name for name, inner in shape.fields.items() if inner.required]
    names = needed or [*shape.fields][:1]
    pairs = [f'"{name}": {_example(_simplest(shape.fields[name]))}' for name in names]
    return f"{{{', '.join(pairs)}}}"


def _rules(name: str, shape: Shape, currency: str, depth: int = 1) -> Iterator[str]:
    """The rules of a value, as far as the document knows them."""
    yield from _text_rules(name, shape)
    if shape.is_money:
        yield f"rules.amount(currency={currency})"
    if shape.values is not None and shape.values.type == "string":
        yield "rules.metadata()"
    if shape.fields and depth <= DEEPEST:
        yield _table(shape, depth)
    if shape.items is not None:
        inner = [*_rules(name, _simplest(shape.items), currency, depth)]
        yield from [f"rule.each({', '.join(inner)})"] if inner else []


def _text_rules(name: str, shape: Shape) -> Iterator[str]:
    if shape.is_open:
        yield "rule.documented()"
    elif shape.enum:
        values = ", ".join(f'"{value}"' for value in shape.enum)
        yield f"rule.one_of({values})"
    elif shape.format == "currency":
        yield "rules.currency_code()"
    elif shape.type == "string" and "id" in contract.fields(name):
        yield f"rule.reference({_constant(name)})"
    elif shape.max_length:
        yield f"rule.max_length({shape.max_length})"


def _table(shape: Shape, depth: int) -> str:
    """The keys of an object."""
    currency = '"Currency"' if "currency" in shape.fields else "None"
    fields = {name: _field(name, each, currency, depth) for name, each in shape.fields.items()}
    if any(map(iskeyword, fields)):
        inside = ", ".join(f'"{name}": {field}' for name, field in fields.items())
        return f"rule.keys({{{inside}}})"
    inside = ", ".join(f"{name}={field}" for name, field in fields.items())
    return f"rule.keys({inside})"


def _field(name: str, shape: Shape, currency: str, depth: int) -> str:
    one = _simplest(shape)
    parts = [_type(one), _example(one), '"«what it is»"', *_rules(name, one, currency, depth + 1)]
    if shape.required:
        return f"rule.need({', '.join(parts)})"
    if shape.clearable:
        parts.append("clearable=True")
    return f"rule.may({', '.join(parts)})"


# --- names ----------------------------------------------------------------------------------------


def _names(text: str) -> set[str]:
    """The names that are used in a draft; a row's own, and the endpoint, are none."""
    found = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    return found - vars(builtins).keys()


def _camel(name: str) -> str:
    return "".join(word.title() for word in re.split(r"[._]+", name))


def _constant(name: str) -> str:
    return re.sub(r"[._]+", "_", name).upper()


def main() -> int:
    """Prints the draft of the endpoint that is named."""
    try:
        method, path = " ".join(sys.argv[1:]).split()
        draft = Draft(method, path)
        print(draft.imports, draft.text, sep="\n\n\n")
    except ValueError:
        sys.exit('Say which endpoint: make draft ENDPOINT="POST /v1/coupons"')
    except UsageError as error:
        sys.exit(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Writes what Stripe's API document says, as compact data: facts only, not one of its sentences.

`python manifests/contract.py [DOCUMENT]` writes; with `--check` it only says what is stale, and
fails. DOCUMENT is the pinned version's spec3.json; `make contract` fetches it.
The format is described in stripe_manifests/contract/README.md.
"""

import gzip
import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stripe_plugin.run.exchange import STRIPE_VERSION

FOLDER = Path(__file__).resolve().parent / "stripe_manifests" / "contract"
#: Where `make contract` puts the document.
DOCUMENT = Path(sys.prefix) / "contract" / "seahaven_stripe_world" / "spec" / "spec3.json"

Json = Mapping[str, Any]
Shape = dict[str, Any]

METHODS = ("get", "post", "delete")
FORMATS = ("application/x-www-form-urlencoded", "multipart/form-data")
KIND = "#/components/schemas/"
# How the document names and describes whole numbers that are amounts of money.
MONEY = re.compile(
    r"^(?:\w+_)?amount(?:_\w+)?:|^(?:sub)?total:|^(?:\w+_)?balance:"
    r"|\bcents?\b|smallest currency unit|minor units?\b|local equivalent",
    re.IGNORECASE,
)
# The document's words, and ours for the same.
FACTS = {
    "type": "type",
    "format": "format",
    "maxLength": "max_length",
    "nullable": "nullable",
    "x-stripeBypassValidation": "open",
}


class Shapes:
    """Every shape once, in the order in which they are met; a shape is known by its number."""

    def __init__(self) -> None:
        self.known: list[Shape] = []
        self._numbers: dict[str, int] = {}

    def number(self, schema: Json) -> int:
        """The number of what this schema says."""
        shape = self._shape(schema)
        return self._keep(shape)

    def _keep(self, shape: Shape) -> int:
        text = json.dumps(shape, sort_keys=True)
        if text not in self._numbers:
            self._numbers[text] = len(self.known)
            self.known.append(shape)
        return self._numbers[text]

    def _shape(self, schema: Json) -> Shape:
        if "$ref" in schema:
            return {"kind": schema["$ref"].removeprefix(KIND)}
        shape = {ours: schema[theirs] for theirs, ours in FACTS.items() if schema.get(theirs)}
        if schema.get("type") == "integer" and MONEY.search(schema.get("description", "")):
            shape["money"] = True
        self._add_values(shape, schema)
        self._add_inner(shape, schema)
        return self._with_alternatives(shape, schema)

    def _add_values(self, shape: Shape, schema: Json) -> None:
        values = schema.get("enum", [])
        if "" in values:
            shape["clearable"] = True
        if fixed := [value for value in values if value != ""]:
            shape["enum"] = fixed

    def _add_inner(self, shape: Shape, schema: Json) -> None:
        fields = schema.get("properties", {})
        if fields:
            names = sorted(fields)
            shape["fields"] = {name: self._field(name, fields[name]) for name in names}
        required = {*fields} & {*schema.get("required", ())}
        if required:
            shape["required"] = sorted(required)
        if schema.get("items"):
            shape["items"] = self.number(schema["items"])
        if isinstance(schema.get("additionalProperties"), Mapping):
            shape["values"] = self.number(schema["additionalProperties"])

    def _field(self, name: str, schema: Json) -> int:
        said = schema.get("description", "")
        return self.number({**schema, "description": f"{name}: {said}"})

    def _with_alternatives(self, shape: Shape, schema: Json) -> Shape:
        choices = schema.get("anyOf", [])
        given = [choice for choice in choices if choice.get("enum") != [""]]
        if len(given) < len(choices):
            shape["clearable"] = True
        if "x-expansionResources" in schema:
            shape["expands"] = True
        if len(given) == 1:
            said = {"description": schema.get("description", "")}
            return self._shape({**given[0], **said}) | shape
        if given:
            shape["any"] = [self.number(choice) for choice in given]
        return shape


def parameters(document: Json) -> Shape:
    """The parameters of every operation, by where they stand."""
    shapes = Shapes()
    operations: dict[str, Json] = {}
    for name, about in _operations(document):
        operations[name] = _places(shapes, about)
    return _whole(document, shapes, operations=operations)


def _operations(document: Json) -> Iterable[tuple[str, Json]]:
    for path, methods in sorted(document["paths"].items()):
        for method in METHODS:
            if method in methods:
                yield f"{method.upper()} {path}", methods[method]


def _places(shapes: Shapes, about: Json) -> dict[str, int]:
    places: dict[str, int] = {}
    for place in ("path", "query"):
        found = [each for each in about.get("parameters", ()) if each["in"] == place]
        if found:
            places[place] = shapes.number(_as_object(found))
    form = _form(about)
    if form.get("properties"):
        places["body"] = shapes.number(form)
    return places


def _as_object(parameters: Iterable[Json]) -> Json:
    """Parameters as the schema of an object that has them."""
    properties: dict[str, Json] = {}
    required: list[str] = []
    for each in parameters:
        said = {"description": each.get("description", "")}
        properties[each["name"]] = {**said, **each["schema"]}
        if each["required"]:
            required.append(each["name"])
    return {"type": "object", "properties": properties, "required": required}


def _form(about: Json) -> Json:
    content = about.get("requestBody", {}).get("content", {})
    for media in FORMATS:
        if media in content:
            schema: Json = content[media]["schema"]
            return schema
    return {}


def objects(document: Json) -> Shape:
    """The fields of every kind of object, and what every operation answers."""
    shapes = Shapes()
    kinds: dict[str, int] = {}
    answers: dict[str, int] = {}
    for kind, schema in sorted(document["components"]["schemas"].items()):
        kinds[kind] = shapes.number(schema)
    for name, about in _operations(document):
        content = about["responses"]["200"]["content"]
        if "application/json" in content:
            answers[name] = shapes.number(content["application/json"]["schema"])
    return _whole(document, shapes, kinds=kinds, answers=answers)


def events(document: Json) -> Shape:
    """Every type of event that a webhook endpoint can ask for."""
    about = document["paths"]["/v1/webhook_endpoints"]["post"]
    names = _form(about)["properties"]["enabled_events"]["items"]["enum"]
    types = sorted({*names} - {"*"})
    return {"version": document["info"]["version"], "types": types}


def _whole(document: Json, shapes: Shapes, **facts: Json) -> Shape:
    return {"version": document["info"]["version"], **facts, "shapes": shapes.known}


def derived(file: Path) -> dict[str, Shape]:
    """What each data file must hold, from the document in `file`."""
    document = json.loads(file.read_text("utf-8"))
    if document["info"]["version"] != STRIPE_VERSION:
        sys.exit(f"{file} is {document['info']['version']}, not {STRIPE_VERSION}")
    return {
        "parameters.json.gz": parameters(document),
        "objects.json.gz": objects(document),
        "events.json.gz": events(document),
    }


def stale(files: Mapping[str, Shape]) -> list[str]:
    """The data files that are missing or hold something else."""
    # Only what they hold is compared: another zlib makes other bytes of it.
    return [name for name, about in files.items() if _held(FOLDER / name) != about]


def _held(file: Path) -> Any:
    return json.loads(gzip.decompress(file.read_bytes())) if file.exists() else None


def _bytes(about: Shape) -> bytes:
    """JSON with a line for each shape: who needs few of them reads only theirs."""
    facts = dict(about)
    shapes = facts.pop("shapes", None)
    text = _compact(facts)
    if shapes is not None:
        rows = ",\n".join(map(_compact, shapes))
        text = f'{text[:-1]},"shapes":[\n{rows}\n]}}'
    return gzip.compress(text.encode(), mtime=0)


def _compact(about: Any) -> str:
    return json.dumps(about, separators=(",", ":"))


def main() -> int:
    """Writes, or with `--check` compares."""
    named = [word for word in sys.argv[1:] if word != "--check"]
    files = derived(Path(*named) if named else DOCUMENT)
    names = stale(files)
    for name in names:
        if "--check" in sys.argv:
            print(f"stale: {FOLDER.name}/{name} (run `make contract`)")
        else:
            (FOLDER / name).write_bytes(_bytes(files[name]))
    return bool(names) if "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())

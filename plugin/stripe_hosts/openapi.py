"""What may be asked of the HTTP door, as programs read it? OpenAPI, in three versions.

Each action is one operation, whose body is its inputs alone: importers draw a field for each. One
that lists is a second one, which reads it to its end. 3.0.3 and Swagger 2.0 have few words, as
importers want it; 3.1 has each action's conditions.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import attrs

from stripe_hosts.offer import Offer
from stripe_hosts.openapi_lists import EVERY, LINES_SCHEMA, READ, body_of
from stripe_hosts.openapi_words import ACCOUNT, IN_HEADERS, IN_QUERY, PROBLEM_SCHEMA, RESULT, WRONG
from stripe_hosts.portable import OPENAPI_3_0, SWAGGER_2_0, portable
from stripe_hosts.problem import PROBLEM, NotServed
from stripe_hosts.streamed import LINES
from stripe_plugin.errors import near
from stripe_plugin.run.turning import can_go_on
from stripe_plugin.secrets import shown

Data = dict[str, Any]
JSON = "application/json"
TITLE = "Stripe's actions"
ABOUT = "Each operation runs one action of Stripe's; its inputs are the body."
BEARER = "The word Bearer, a space, and the token of the server."
DONE = "What Stripe answered, whole."


def document(offer: Offer, server: str, query: Mapping[str, str]) -> Data:
    """The document of an offer at a server's address. Raises `NotServed` for another query."""
    for name in query:
        if name != "version":
            hint = near(name, ("version",))
            raise NotServed("malformed", f"The query has no {shown(name)}{hint}; it has version.")
    number = query.get("version", "3.0")
    if number not in VERSIONS:
        known = ", ".join(VERSIONS)
        text = f"There is no version {shown(number)} of the document; there are {known}."
        raise NotServed("malformed", text)
    version = VERSIONS[number]
    return version.whole(Parts(version, offer, server))


@attrs.frozen
class Version:
    """How a version writes schemas, operations and the whole."""

    number: str
    schema: Callable[[Data], Data]
    inputs: Callable[[Data], Data]  # of an action, by its manifest
    schemas_at: str
    operation: Callable[["Parts", "Exchange"], Data]
    whole: Callable[["Parts"], Data]


@attrs.frozen
class Beside:
    """A parameter, or the whole body: what it is called, and where it goes."""

    name: str
    place: str
    schema: Data
    required: bool = attrs.field(default=False, kw_only=True)

    @property
    def facts(self) -> Data:
        """What all versions say of it."""
        return {"name": self.name, "in": self.place, "required": self.required}


@attrs.frozen(kw_only=True)
class Exchange:
    """What is sent of an operation, and what is answered."""

    body: str  # its schema
    beside: Iterable[Beside]
    answer: Data
    media: str = JSON
    said: str = DONE


@attrs.frozen(slots=False)
class Parts:
    """What all versions are made of."""

    version: Version
    offer: Offer
    server: str

    @cached_property
    def manifests(self) -> list[Data]:
        """Of each action that is offered."""
        ids = [entry["id"] for entry in self.offer.catalog()]
        return [*map(self.offer.manifest, ids)]

    @cached_property
    def outputs(self) -> dict[str, str]:
        """What the schema of each action's output is called: those that are alike share one."""
        alike: dict[str, list[Data]] = {}
        for manifest in self.manifests:
            written = json.dumps(manifest["output_schema"])
            alike.setdefault(written, []).append(manifest)
        names: dict[str, str] = {}
        for group in alike.values():
            name = _name_of(group)
            if name in names.values():
                name = group[0]["id"]
            names |= {manifest["id"]: name for manifest in group}
        return names

    def info(self) -> Data:
        """What the document is of."""
        version = self.offer.about()["version"]
        return {"title": TITLE, "version": version, "description": ABOUT}

    def paths(self) -> Data:
        """One operation for each action, and one for each that lists."""
        found: Data = {}
        for manifest in self.manifests:
            place = f"/actions/{manifest['id']}"
            found[place] = {"post": self._operation(manifest)}
            if self._lists(manifest):
                found[f"{place}/entries"] = {"post": self._listing(manifest)}
        return found

    def _lists(self, manifest: Data) -> bool:
        """Whether there are pages to turn."""
        return can_go_on(self.offer.host.action(manifest["id"]).spec)

    def _operation(self, manifest: Data) -> Data:
        name = manifest["id"]
        exchange = Exchange(
            body=f"{name}_inputs",
            beside=self.parameters(manifest),
            answer=self.ref(f"{name}_result"),
        )
        return _about_action(manifest) | self.version.operation(self, exchange)

    def _listing(self, manifest: Data) -> Data:
        name = manifest["id"]
        exchange = Exchange(
            body=f"{name}_listing",
            beside=[Beside("Prefer", "header", IN_HEADERS["Prefer"])],
            answer=LINES_SCHEMA,
            media=LINES,
            said=READ,
        )
        about = _about_action(manifest)
        about["operationId"] = f"{name}_entries"
        about["summary"] = f"{manifest['name']}: {EVERY}"
        return about | self.version.operation(self, exchange)

    def schemas(self) -> Data:
        """Inputs, output and result of each action, and what is wrong."""
        schema = self.version.schema
        inputs = self.version.inputs
        found: Data = {"problem": schema(PROBLEM_SCHEMA)}
        for manifest in self.manifests:
            name = manifest["id"]
            found[f"{name}_inputs"] = inputs(manifest)
            found[f"{self.outputs[name]}_output"] = schema(_plain(manifest["output_schema"]))
            found[f"{name}_result"] = self._result(name)
            if self._lists(manifest):
                body = body_of(self.ref(f"{name}_inputs"), [*self.offer.accounts.named])
                found[f"{name}_listing"] = body
        return found

    def _result(self, name: str) -> Data:
        """What is answered: Stripe's object, and how it was come by."""
        properties = {"output": self.ref(f"{self.outputs[name]}_output")}
        for word, fact in RESULT.items():
            properties[word] = self.version.schema(fact)
        return {"type": "object", "properties": properties, "required": [*properties]}

    def ref(self, schema: str) -> Data:
        """A reference to a schema."""
        return {"$ref": f"{self.version.schemas_at}{schema}"}

    def parameters(self, manifest: Data) -> Iterator[Beside]:
        """What goes beside the inputs."""
        for name, schema in IN_HEADERS.items():
            if name != "Idempotency-Key" or manifest["method"] == "POST":
                yield Beside(name, "header", schema)
        names = [*self.offer.accounts.named]
        account = {**ACCOUNT, "enum": names}
        yield Beside("account", "query", account, required=len(names) > 1)
        for name, schema in IN_QUERY.items():
            yield Beside(name, "query", schema)


def _about_action(manifest: Data) -> Data:
    return {
        "operationId": manifest["id"],
        "summary": manifest["name"],
        "description": manifest["description"],
        "tags": [_words(manifest["resource"])],
    }


def _name_of(alike: list[Data]) -> str:
    """The action whose output it is; of several, their resource."""
    only = alike[0]
    name = only["id"] if len(alike) == 1 else only["resource"]
    return str(name).replace(".", "_")


def _words(resource: str) -> str:
    """What a resource is called: checkout.session is Checkout session."""
    words = re.split("[._]", resource)
    return " ".join(words).capitalize()


def _plain(schema: Data) -> Data:
    """A schema without the name of its language, which a document has for all."""
    return _without(schema, "$schema")


def _without(schema: Data, word: str) -> Data:
    return {other: schema[other] for other in schema if other != word}


# --- OpenAPI 3 ------------------------------------------------------------------------------------


def _operation_3(parts: Parts, exchange: Exchange) -> Data:
    body = _content(parts.ref(exchange.body))
    return {
        "parameters": [
            {**beside.facts, **_about(beside.schema), "schema": beside.schema}
            for beside in exchange.beside
        ],
        "requestBody": {"required": True, **body},
        "responses": {
            "200": {"description": exchange.said, **_content(exchange.answer, exchange.media)},
            "default": {"$ref": "#/components/responses/problem"},
        },
    }


def _content(schema: Data, kind: str = JSON) -> Data:
    return {"content": {kind: {"schema": schema}}}


def _about(schema: Data) -> Data:
    return {"description": schema["description"]}


def _whole_3(parts: Parts) -> Data:
    told = _content(parts.ref("problem"), PROBLEM)
    return {
        "openapi": parts.version.number,
        "info": parts.info(),
        "servers": [{"url": parts.server}],
        "security": [{"token": []}],
        "paths": parts.paths(),
        "components": {
            "schemas": parts.schemas(),
            "responses": {"problem": {"description": WRONG, **told}},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


# --- Swagger 2.0 ----------------------------------------------------------------------------------


def _operation_2(parts: Parts, exchange: Exchange) -> Data:
    body = Beside("inputs", "body", parts.ref(exchange.body), required=True)
    others = [{**beside.facts, **_summed_up(beside.schema)} for beside in exchange.beside]
    return {
        "produces": [exchange.media, PROBLEM],
        "parameters": [*others, {**body.facts, "schema": body.schema}],
        "responses": {
            "200": {"description": exchange.said, "schema": exchange.answer},
            "default": {"$ref": "#/responses/problem"},
        },
    }


def _summed_up(schema: Data) -> Data:
    """A schema with its title where Power Automate looks for it, all the way down."""
    said = _without(schema, "title")
    if "title" in schema:
        said["x-ms-summary"] = schema["title"]
    for word in ("items", "additionalProperties"):
        if isinstance(said.get(word), dict):
            said[word] = _summed_up(said[word])
    if "properties" in said:
        inner = said["properties"].items()
        said["properties"] = {name: _summed_up(one) for name, one in inner}
    return said


def _whole_2(parts: Parts) -> Data:
    address = urlsplit(parts.server)
    problem = {"description": WRONG, "schema": parts.ref("problem")}
    token = {"type": "apiKey", "in": "header", "name": "Authorization", "description": BEARER}
    return {
        "swagger": parts.version.number,
        "info": parts.info(),
        "host": address.netloc,
        "basePath": "/",
        "schemes": [address.scheme],
        "consumes": [JSON],
        "produces": [JSON, PROBLEM],
        "security": [{"token": []}],
        "paths": parts.paths(),
        "definitions": parts.schemas(),
        "responses": {"problem": problem},
        "securityDefinitions": {"token": token},
    }


# --- the versions ---------------------------------------------------------------------------------


def _full(manifest: Data) -> Data:
    """All that can be checked of the inputs, conditions included."""
    return _plain(manifest["input_schema"])


def _few_words(manifest: Data) -> Data:
    """What every importer reads of the inputs, with display keys as titles."""
    return _titled(manifest["tool_schema"], manifest["form_schema"])


def _titled(schema: Data, form: Data) -> Data:
    """A schema with the titles of a form of the same, all the way down."""
    said = dict(schema)
    if "title" in form:
        said = {"title": form["title"], **said}
    if "properties" in said and "properties" in form:
        said["properties"] = {
            name: _titled(inner, form["properties"].get(name, {}))
            for name, inner in said["properties"].items()
        }
    if "items" in said and "items" in form:
        said["items"] = _titled(said["items"], form["items"])
    return said


def _inputs_2(manifest: Data) -> Data:
    return _summed_up(portable(_few_words(manifest), SWAGGER_2_0))


def _inputs_3_0(manifest: Data) -> Data:
    return portable(_few_words(manifest), OPENAPI_3_0)


AT_3 = "#/components/schemas/"
AT_2 = "#/definitions/"
_schema_3_0 = partial(portable, dialect=OPENAPI_3_0)
_schema_2_0 = partial(portable, dialect=SWAGGER_2_0)

# By what `?version=` says.
VERSIONS: Mapping[str, Version] = MappingProxyType(
    {
        "3.0": Version("3.0.3", _schema_3_0, _inputs_3_0, AT_3, _operation_3, _whole_3),
        "3.1": Version("3.1.0", _plain, _full, AT_3, _operation_3, _whole_3),
        "2.0": Version("2.0", _schema_2_0, _inputs_2, AT_2, _operation_2, _whole_2),
    }
)

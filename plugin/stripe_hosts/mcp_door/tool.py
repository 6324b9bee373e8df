"""How does an action look to a client of MCP? As a tool, made from its manifest."""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Self

import attrs

from stripe_hosts.mcp_door.bounded import with_bound

Data = dict[str, Any]
Schema = Mapping[str, Any]
ACTION = "stripe-nodes/action"  # in `_meta`: what a host may show beside the tool
ABOUT = ("resource", "method", "path", "permission")
OF_ANSWERS = ("type", "enum", "required")  # what is said of each field
TAKEN = "run_"  # what our own arguments begin with, where an action has a row of their name
KEY, OPTIONS, ACCOUNT = "idempotency_key", "options", "account"
OPTIONS_ABOUT = (
    "What may be said of this one call beside its inputs. extra: Stripe's parameters that are no"
    " input here; expand: paths of linked objects to give in full; account: a connected account"
    " (acct_…); deadline: seconds."
)
KEY_ABOUT = (
    "A text of your own for this one deed, such as order-123-payment. Called again with the same,"
    " it is executed only once: give it, so that you can call again if no answer comes."
)
ACCOUNT_ABOUT = "The account to act on, of those that are served here."
KEY_SCHEMA = {"title": "Idempotency Key", "description": KEY_ABOUT, "type": "string"}
ACCOUNT_SCHEMA = {"title": "Account", "description": ACCOUNT_ABOUT, "type": "string"}


@attrs.frozen
class Own:
    """How the arguments are called that are no rows: those of the call itself."""

    key: str | None  # of an action that only reads: none
    options: str
    account: str | None  # with a single account: none

    @property
    def names(self) -> list[str]:
        """Those that there are."""
        names = (self.key, self.options, self.account)
        return [name for name in names if name]

    @classmethod
    def of(cls, manifest: Schema, accounts: Collection[str]) -> Self:
        """Those of one action; none is called as one of its rows."""
        rows = row_words(manifest)
        reads = manifest["method"] == "GET"
        return cls(
            key=None if reads else _free(KEY, rows),
            options=_free(OPTIONS, rows),
            account=_free(ACCOUNT, rows) if len(accounts) > 1 else None,
        )


def row_words(manifest: Schema) -> set[str]:
    """By what the rows of an action are called: parameters and display keys."""
    rows = manifest["inputs"]
    return {row["name"] for row in rows} | {row["key"] for row in rows}


def _free(name: str, rows: Collection[str]) -> str:
    while name in rows:
        name = TAKEN + name
    return name


@attrs.frozen(kw_only=True)
class Toolmaker:
    """What all tools of a server have in common."""

    options: Schema  # of all that a run may be told beside its inputs
    accounts: Collection[str]
    open_world: bool  # whether any account is more than an emulator's

    def tool(self, manifest: Schema) -> Data:
        """The tool of one action, as `tools/list` has it."""
        about = {word: manifest[word] for word in ABOUT if word in manifest}
        return {
            "name": manifest["id"],
            "title": manifest["name"],
            "description": manifest["description"],
            "inputSchema": self._inputs(manifest),
            "outputSchema": identified(brief(manifest)),
            "annotations": self._annotations(manifest),
            "_meta": {ACTION: about},
        }

    def _annotations(self, manifest: Schema) -> Data:
        hints = manifest["hints"]
        return {
            "title": manifest["name"],
            "readOnlyHint": hints["read_only"],
            "destructiveHint": hints["destructive"],
            "idempotentHint": hints["idempotent"],
            "openWorldHint": self.open_world,
        }

    def _inputs(self, manifest: Schema) -> Data:
        schema = titled(manifest["tool_schema"], manifest["inputs"])
        own = Own.of(manifest, self.accounts)
        schema["properties"] = with_bound(schema["properties"]) | dict(self._own(own))
        if own.account:
            required = schema.get("required", ())
            schema["required"] = [*required, own.account]
        return schema

    def _own(self, own: Own) -> Iterator[tuple[str, Data]]:
        """The arguments of the call itself."""
        if own.key:
            yield own.key, {**KEY_SCHEMA}
        if own.account:
            yield own.account, {**ACCOUNT_SCHEMA, "enum": [*self.accounts]}
        inner = {name: _typed(one) for name, one in self.options["properties"].items()}
        del inner[KEY]  # which has an argument of its own
        yield own.options, {"title": "Options", **self.options, "properties": inner}


def _typed(schema: Schema) -> Data:
    """An option without its words, which every tool would have once more."""
    return {word: schema[word] for word in ("type", "items") if word in schema}


def brief(manifest: Schema) -> Data:
    """The schema of an answer with the fields that are asked for most: the manifest has all.

    A client reads those of all tools at once, and says no to nothing that the whole would let pass.
    """
    schema = manifest["output_schema"]
    paths = [each["path"] for each in manifest["outputs"]]
    picked = {"object", *schema.get("required", ()), *map(_first, paths)}
    fields = schema["properties"]
    named = {name: _of_one(fields[name]) for name in fields if name in picked}
    return _of_one(schema) | {"properties": named}


def _first(path: str) -> str:
    """The field of the answer that a path begins with: `data[].id` is in `data`."""
    return re.split(r"[.\[]", path)[0]


def _of_one(schema: Schema) -> Data:
    return {word: schema[word] for word in OF_ANSWERS if word in schema}


def identified(schema: Schema) -> Data:
    """The schema under an address of its own: clients prepare those of several tools once."""
    text = json.dumps(schema, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"$id": f"urn:stripe-nodes:{digest[:20]}", **schema}


def titled(schema: Schema, rows: Iterable[Schema]) -> Data:
    """A copy of an object's schema in which each property says its display key."""
    given = schema["properties"]
    properties = {row["name"]: _with_title(given[row["name"]], row) for row in rows}
    return {**schema, "properties": properties}


def _with_title(schema: Schema, row: Schema) -> Data:
    inner = row.get("fields", ())
    found = {"title": row["key"], **schema}
    if "properties" in schema:
        return titled(found, inner)
    if "properties" in schema.get("items", ()):
        found["items"] = titled(schema["items"], inner)
    return found

"""How does an action look to a client of MCP? As a tool, made from its manifest."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import attrs

Data = dict[str, Any]
ACTION = "stripe-nodes/action"  # in `_meta`: what a host may show beside the tool
ABOUT = ("resource", "method", "path", "docs_url", "permission", "outputs", "output_example")
TAKEN = "run_"  # what our own arguments begin with, where an action has a row of their name
KEY, OPTIONS, ACCOUNT = "idempotency_key", "options", "account"
OPTIONS_ABOUT = "What may be said of this one call beside its inputs."
KEY_ABOUT = (
    "A text of your own for this one deed, such as order-123-payment. Called again with the same,"
    " it is executed only once: give it, so that you can call again if no answer comes."
)
ACCOUNT_ABOUT = "The account to act on, of those that are served here."


@attrs.frozen
class Own:
    """How the arguments are called that are no rows: those of the call itself."""

    key: str | None  # of an action that only reads: none
    options: str
    account: str | None  # with a single account: none

    @classmethod
    def of(cls, manifest: Mapping[str, Any], accounts: Collection[str]) -> "Own":
        """Those of one action; none is called as one of its rows."""
        rows = row_words(manifest)
        reads = manifest["method"] == "GET"
        return cls(
            key=None if reads else _free(KEY, rows),
            options=_free(OPTIONS, rows),
            account=_free(ACCOUNT, rows) if len(accounts) > 1 else None,
        )


def row_words(manifest: Mapping[str, Any]) -> set[str]:
    """By what the rows of an action are called: parameters and display keys."""
    return {row[word] for row in manifest["inputs"] for word in ("name", "key")}


def _free(name: str, rows: Collection[str]) -> str:
    while name in rows:
        name = TAKEN + name
    return name


@attrs.frozen(kw_only=True)
class Toolmaker:
    """What all tools of a server have in common."""

    options: Mapping[str, Any]  # the rows of `Host.options()`, by name
    options_schema: Mapping[str, Any]  # their properties, in words that every client takes
    accounts: Collection[str]
    open_world: bool  # whether any account is more than an emulator's

    def tool(self, manifest: Mapping[str, Any]) -> Data:
        """The tool of one action, as `tools/list` has it."""
        about = {word: manifest[word] for word in ABOUT if word in manifest}
        return {
            "name": manifest["id"],
            "title": manifest["name"],
            "description": manifest["description"],
            "inputSchema": self._inputs(manifest),
            "outputSchema": manifest["output_schema"],
            "annotations": self._annotations(manifest),
            "_meta": {ACTION: about},
        }

    def _annotations(self, manifest: Mapping[str, Any]) -> Data:
        hints = manifest["hints"]
        return {
            "title": manifest["name"],
            "readOnlyHint": hints["read_only"],
            "destructiveHint": hints["destructive"],
            "idempotentHint": hints["idempotent"],
            "openWorldHint": self.open_world,
        }

    def _inputs(self, manifest: Mapping[str, Any]) -> Data:
        schema = titled(manifest["tool_schema"], manifest["inputs"])
        own = Own.of(manifest, self.accounts)
        schema["properties"] |= dict(self._own(own))
        if own.account:
            schema["required"] = [*schema.get("required", ()), own.account]
        return schema

    def _own(self, own: Own) -> Iterator[tuple[str, Data]]:
        """The arguments of the call itself."""
        if own.key:
            yield own.key, {"title": "Idempotency Key", "description": KEY_ABOUT, "type": "string"}
        if own.account:
            about = {"title": "Account", "description": ACCOUNT_ABOUT}
            yield own.account, {**about, "type": "string", "enum": [*self.accounts]}
        properties = {name: it for name, it in self.options_schema.items() if name != KEY}
        head = {"title": "Options", "description": OPTIONS_ABOUT}
        rest = titled({"type": "object", "properties": properties}, self.options.values())
        yield own.options, head | rest


def titled(schema: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> Data:
    """A copy of an object's schema in which each property says its display key."""
    by_name = {row["name"]: row for row in rows}
    properties = {name: _with_title(it, by_name[name]) for name, it in schema["properties"].items()}
    return {**schema, "properties": properties}


def _with_title(schema: Mapping[str, Any], row: Mapping[str, Any]) -> Data:
    inner = row.get("fields", ())
    found: Data = {"title": row["key"], **schema}
    if "properties" in schema:
        return titled(found, inner)
    if "properties" in schema.get("items", ()):
        found["items"] = titled(schema["items"], inner)
    return found

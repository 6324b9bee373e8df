"""What is an action in Langflow? A component whose inputs are drawn from the action's manifest."""

import os
from collections.abc import Iterable
from functools import cache
from typing import Any

from lfx.custom.custom_component.component import Component
from lfx.io import DropdownInput, MessageTextInput, MultilineInput, Output, SecretStrInput
from lfx.schema import Data, Message

from stripe_plugin import Connection, Host, StripeError, UsageError
from stripe_plugin.host import advice
from stripe_plugin.host.manifest import describe_connection

__all__ = ["Component", "Data", "Message", "Output", "StripeAction"]

Row = dict[str, Any]
UNSET = "(unset)"
TRUTHS = ("true", "false")
IN_JSON = ("object", "array")
TAKEN, CONNECTION, OPTION = "stripe_", "connection_", "option_"  # before the names of inputs
EMULATOR = "STRIPE_NODES_EMULATOR"


@cache
def host() -> Host:
    """The installed actions."""
    return Host.load()


@cache
def taken() -> frozenset[str]:
    """The names that Langflow's components, and ours, have already."""
    theirs, ours = dir(Component()), dir(StripeAction)
    return frozenset([*theirs, *ours, "code"])


def named(row: Row, prefix: str) -> str:
    """What an input is called, so that it hides nothing and nothing hides it."""
    if not prefix and row["name"] in taken():
        prefix = TAKEN
    return prefix + row["name"]


def connection_rows() -> list[Row]:
    """What a connection is made of, but for its rate, which is of whoever has many workers."""
    rows = describe_connection()["inputs"]
    return [row for row in rows if row["name"] != "rate"]


def controls(rows: list[Row], prefix: str) -> list[Any]:
    """The inputs for the rows of a table."""
    return [control(row, prefix) for row in rows]


def control(row: Row, prefix: str) -> Any:
    """The input for a row. Whatever may be left out has a way to say so."""
    about = {
        "name": named(row, prefix),
        "display_name": row["key"],
        "info": _info(row),
        "required": row["required"],
        "advanced": not row["required"] if prefix else row["beyond"],
    }
    if row.get("secret"):  # Langflow looks for a variable of this name
        return SecretStrInput(**about, value=row["variable"])
    choices = _choices(row)
    if choices:
        return DropdownInput(**about, options=[UNSET, *choices], value=UNSET)
    about["placeholder"] = str(row["example"])
    kind = MultilineInput if row["type"] in IN_JSON else MessageTextInput
    return kind(**about, value="")


def _info(row: Row) -> str:
    said = (row["description"], row["restrictions"])
    return ". ".join(filter(None, said))


def _choices(row: Row) -> Iterable[str]:
    return TRUTHS if row["type"] == "boolean" else row.get("enum", ())


class Told(Exception):
    """What Stripe refused, or did not answer, with what to do."""


def advised(error: StripeError) -> str:
    """The sentence and what to do; at a row's place the sentence says it."""
    facts = error.as_dict()
    text = facts["text"]
    key = facts["idempotency_key"]
    do = advice.DECLINES.get(facts["decline_code"]) or advice.ADVICE[error.category].do
    if facts["outcome_unknown"] and key:
        do = f"Run it again with {key} as its Idempotency Key: it is executed only once."
    return text if facts["display_key"] else f"{text.rstrip('.')}. {do}"


class StripeAction:
    """What all components share; `action` is the ID of the one that is run."""

    action: str
    _done: Any = None

    @staticmethod
    def drawn(action: str) -> list[Any]:
        """The inputs: of the connection, of the action, of a run."""
        return [
            *controls(connection_rows(), CONNECTION),
            *controls(host().manifest(action)["inputs"], ""),
            *controls(host().options()["inputs"], OPTION),
        ]

    def _pre_run_setup(self) -> None:
        self._done = None

    def run_once(self) -> Any:
        """Stripe's object, of one run for all outputs. Raises `NodeError`, which names the row."""
        if self._done is None:
            rows = host().manifest(self.action)["inputs"]
            options = self._given(host().options()["inputs"], OPTION)
            more = {"options": options, "connection": self._connection()}
            try:
                result = host().run(self.action, self._given(rows, ""), **more)
            except StripeError as error:
                raise Told(advised(error)) from error
            self._done = result.plain()["output"]
        return self._done

    def run_once_for_id(self) -> str:
        """The ID of that object, or of the first entry of a list."""
        found = self.run_once()
        if found.get("data"):
            found = found["data"][0]
        if "id" not in found:
            raise UsageError("The answer is an empty list, so there is no ID: see Answer.")
        return str(found["id"])

    def _given(self, rows: list[Row], prefix: str) -> dict[str, Any]:
        """What the inputs for rows hold, by display key."""
        given = {}
        for row in rows:
            value = _plain(getattr(self, named(row, prefix)))
            if value != UNSET:
                given[row["key"]] = value
        return given

    def _connection(self) -> Connection:
        rows = connection_rows()
        given = self._given(rows, CONNECTION)
        environ = {EMULATOR: os.environ.get(EMULATOR)}
        for row in rows:
            environ[row["variable"]] = given.get(row["key"])
        allow_live = environ.pop(None) == "true"  # which no variable says
        filled = {name: text for name, text in environ.items() if text}
        return Connection.from_env(filled, allow_live=allow_live)


def _plain(value: Any) -> Any:
    """What an input holds, out of what Langflow wraps it in."""
    if isinstance(value, Message):
        return value.text
    if hasattr(value, "get_secret_value"):
        return value.get_secret_value()
    return value

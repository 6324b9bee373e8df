"""What is an action in Langflow? A component whose inputs are drawn from the action's manifest."""

import os
from collections.abc import Iterable
from functools import cache
from typing import Any

from lfx.custom.custom_component.component import Component
from lfx.io import DropdownInput, MessageTextInput, MultilineInput, Output, SecretStrInput
from lfx.schema import Data, Message

from stripe_plugin import Connection, Host, UsageError
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
    return frozenset({*dir(Component()), *dir(StripeAction), "code"})


def named(row: Row, prefix: str) -> str:
    """What an input is called, so that it hides nothing and nothing hides it."""
    if not prefix and row["name"] in taken():
        prefix = TAKEN
    return prefix + row["name"]


def connection_rows() -> list[Row]:
    """What a connection is made of: what variables say, and whether it may be live."""
    rows = describe_connection()["inputs"]
    return [row for row in rows if row["variable"] or row["name"] == "allow_live"]


def control(row: Row, prefix: str, *, advanced: bool) -> Any:
    """The input for a row. Whatever may be left out has a way to say so."""
    about = {
        "name": named(row, prefix),
        "display_name": row["key"],
        "info": _info(row),
        "required": row["required"],
        "advanced": advanced,
    }
    if row.get("secret"):  # Langflow looks for a variable of this name
        return SecretStrInput(**about, value=row["variable"])
    choices = _choices(row)
    if choices:
        return DropdownInput(**about, options=[UNSET, *choices], value=UNSET)
    kind = MultilineInput if row["type"] in IN_JSON else MessageTextInput
    return kind(**about, placeholder=str(row["example"]), value="")


def _info(row: Row) -> str:
    said = (row["description"], row["restrictions"])
    return ". ".join(filter(None, said))


def _choices(row: Row) -> Iterable[str]:
    return TRUTHS if row["type"] == "boolean" else row.get("enum", ())


class StripeAction:
    """What all components share; `action` is the ID of the one that is run."""

    action: str
    _done: Any = None

    @staticmethod
    def drawn(action: str) -> list[Any]:
        """The inputs: of the connection, of the action, of a run."""
        rows = host().manifest(action)["inputs"]
        options = host().options()["inputs"]
        connection = connection_rows()
        return [
            *(control(row, CONNECTION, advanced=not row["required"]) for row in connection),
            *(control(row, "", advanced=row["beyond"]) for row in rows),
            *(control(row, OPTION, advanced=True) for row in options),
        ]

    def _pre_run_setup(self) -> None:
        self._done = None

    def run_once(self) -> Any:
        """Stripe's object, of one run for all outputs. Raises `NodeError`, which names the row."""
        if self._done is None:
            rows = host().manifest(self.action)["inputs"]
            options = self._given(host().options()["inputs"], OPTION)
            connection = self._connection()
            given = self._given(rows, "")
            done = host().run(self.action, given, options=options, connection=connection)
            self._done = done.plain()["output"]
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
        said = {row["variable"]: given.get(row["key"]) for row in rows}
        said[EMULATOR] = os.environ.get(EMULATOR)
        environ = {name: text for name, text in said.items() if name and text}
        return Connection.from_env(environ, allow_live=given.get("Allow Live") == "true")


def _plain(value: Any) -> Any:
    """What an input holds, out of what Langflow wraps it in."""
    if isinstance(value, Message):
        return value.text
    if hasattr(value, "get_secret_value"):
        return value.get_secret_value()
    return value

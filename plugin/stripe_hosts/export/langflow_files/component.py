"""What is an action in Langflow? A component whose inputs are drawn from the action's manifest."""

import os
from functools import cache
from typing import Any

from lfx.custom.custom_component.component import Component
from lfx.io import DropdownInput, MessageTextInput, MultilineInput, Output, SecretStrInput
from lfx.schema import Data, Message

from stripe_plugin import Connection, Host
from stripe_plugin.host.manifest import describe_connection

Row = dict[str, Any]
UNSET = "(unset)"
TRUTHS = ("true", "false")
IN_JSON = ("object", "array")
CONNECTION, OPTION, RESERVED = "connection_", "option_", "stripe_"


@cache
def host() -> Host:
    """The installed actions."""
    return Host.load()


def connection_rows() -> list[Row]:
    """What a connection is made of: all that a variable can say, and whether it may be live."""
    rows = describe_connection()["inputs"]
    return [row for row in rows if row["variable"] or row["type"] == "boolean"]


def control(row: Row, prefix: str = "", *, advanced: bool = False) -> Any:
    """The input for a row. Whatever can be left out has a way to say so."""
    about = {
        "name": named(row["name"], prefix),
        "display_name": row["key"],
        "info": ". ".join(filter(None, (row["description"], row["restrictions"]))),
        "required": row["required"],
        "advanced": advanced,
    }
    if row.get("secret"):  # Langflow looks for a variable of this name
        return SecretStrInput(**about, value=row["variable"])
    choices = TRUTHS if row["type"] == "boolean" else row.get("enum")
    if choices is not None:
        return DropdownInput(**about, options=[UNSET, *choices], value=UNSET)
    kind = MultilineInput if row["type"] in IN_JSON else MessageTextInput
    return kind(**about, placeholder=str(row["example"]), value="")


@cache
def reserved() -> frozenset[str]:
    """The names that Langflow's components, and ours, have already."""
    return frozenset({*dir(Component()), *dir(StripeAction), "code"})


def named(name: str, prefix: str) -> str:
    """What an input is called, so that it hides nothing and nothing hides it."""
    if not prefix and name in reserved():
        return RESERVED + name
    return prefix + name


class StripeAction:
    """What all components share; `action` is the ID of the one that is run."""

    action: str
    _done: dict[str, Any] | None = None

    @staticmethod
    def drawn(action: str) -> list[Any]:
        """The inputs: of the connection, of the action, of a run."""
        manifest, options = host().manifest(action), host().options()
        return [
            *(control(row, CONNECTION, advanced=not row["required"]) for row in connection_rows()),
            *(control(row, advanced=row["beyond"]) for row in manifest["inputs"]),
            *(control(row, OPTION, advanced=True) for row in options["inputs"]),
        ]

    def _pre_run_setup(self) -> None:
        self._done = None

    def run_once(self) -> dict[str, Any]:
        """Stripe's object, of one run for all outputs. Raises `NodeError`, which names the row."""
        if self._done is None:
            given = self._given(host().manifest(self.action)["inputs"])
            options = self._given(host().options()["inputs"], OPTION)
            connected = self._connection()
            done = host().run(self.action, given, options=options, connection=connected)
            self._done = done.plain()["output"]
        return self._done

    def _given(self, rows: list[Row], prefix: str = "") -> dict[str, Any]:
        values = {row["key"]: _plain(getattr(self, named(row["name"], prefix))) for row in rows}
        return {key: value for key, value in values.items() if value != UNSET}

    def _connection(self) -> Connection:
        given = self._given(connection_rows(), CONNECTION)
        environ = {
            row["variable"]: given[row["key"]]
            for row in connection_rows()
            if row["variable"] and given.get(row["key"])
        }
        if "STRIPE_NODES_EMULATOR" in os.environ:
            environ["STRIPE_NODES_EMULATOR"] = os.environ["STRIPE_NODES_EMULATOR"]
        return Connection.from_env(environ, allow_live=given.get("Allow Live") == "true")


def _plain(value: Any) -> Any:
    """What an input holds, out of what Langflow wraps it in."""
    if isinstance(value, Message):
        return value.text
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


__all__ = ["Component", "Data", "Message", "Output", "StripeAction"]

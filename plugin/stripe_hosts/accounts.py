"""Whose accounts does a door serve? Names to connections; keys come from the environment alone."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import attrs

from stripe_plugin.client.connection import Connection
from stripe_plugin.errors import UsageError, near
from stripe_plugin.judge.stream import text_in
from stripe_plugin.judge.values import is_object
from stripe_plugin.secrets import masked, shown

DEFAULT = "default"  # what the environment's own account is called
LONGEST_NAME = 100
NAME = re.compile(rf"(?=.*\S).{{1,{LONGEST_NAME}}}")
MOST_BYTES = 500_000
# The words of an account in a file, beside `variable`, and the variable that each stands for.
SETTINGS = {"account": "STRIPE_ACCOUNT", "base_url": "STRIPE_API_BASE"}
WORDS = ("variable", *SETTINGS, "rate")
EXAMPLE = 'berlin = "STRIPE_KEY_BERLIN", or [berlin] with variable = "STRIPE_KEY_BERLIN" below it'

Environment = Mapping[str, str]


class UnknownAccount(UsageError):
    """A request that names an account that is not served, or none where there are several."""


@attrs.frozen
class Accounts:
    """The connections of a door by name, of which there is at least one."""

    named: Mapping[str, Connection]

    @classmethod
    def from_env(cls, environ: Environment | None = None, *, allow_live: bool = False) -> Self:
        """The one of `Connection.from_env`, called default."""
        return cls({DEFAULT: Connection.from_env(environ, allow_live=allow_live)})

    @classmethod
    def from_file(
        cls,
        file: str | os.PathLike[str],
        environ: Environment | None = None,
        *,
        allow_live: bool = False,
    ) -> Self:
        """Those of a TOML file, whose entries name the variable that a key is in.

        Raises `UsageError` for a file that cannot be read, that holds a key, or whose variables
        are not set; it says at which account.
        """
        path = Path(file)
        found = os.environ if environ is None else environ
        named: dict[str, Connection] = {}
        for name, entry in _read(path).items():
            place = f"{path.name} › {_name(path, name)}"
            account = _Account(place, _entry(place, entry))
            named[name] = account.connected(found, allow_live)
        if not named:
            raise UsageError(f"{path.name} names no account. Write {EXAMPLE}.")
        return cls(named)

    def of(self, name: object = None) -> Connection:
        """The one of this name, or the only one. Raises `UnknownAccount`."""
        if name is None and len(self.named) == 1:
            return next(iter(self.named.values()))
        names = ", ".join(self.named)
        if name is None:
            raise UnknownAccount(f"Several accounts are served here: say which account ({names}).")
        if not isinstance(name, str) or name not in self.named:
            raise UnknownAccount(f"There is no account {shown(name)} here; there are {names}.")
        return self.named[name]

    def listed(self) -> list[dict[str, Any]]:
        """What may be known of each, as JSON data: its name, mode, and connected account."""
        return [
            {"name": name, "mode": connection.mode, "account": connection.account}
            for name, connection in self.named.items()
        ]


@attrs.frozen
class _Account:
    """An account as a file has it."""

    place: str
    entry: Mapping[str, Any]

    def connected(self, environ: Environment, allow_live: bool) -> Connection:  # noqa: FBT001
        """Its connection, with the key out of its variable."""
        given = {"STRIPE_API_KEY": self._key(environ)}
        if "STRIPE_NODES_EMULATOR" in environ:
            given["STRIPE_NODES_EMULATOR"] = environ["STRIPE_NODES_EMULATOR"]
        for word, variable in SETTINGS.items():
            if word in self.entry:
                given[variable] = self._text(word)
        try:
            made = Connection.from_env(given, allow_live=allow_live)
            return _rated(made, self.entry.get("rate"))
        except UsageError as error:
            raise UsageError(f"{self.place}: {error}") from None

    def _key(self, environ: Environment) -> str:
        variable = self._text("variable")
        key = environ.get(variable, "")
        if not key.strip():
            raise UsageError(f"{self.place}: {variable} is not set. Set it to the account's key.")
        return key

    def _text(self, word: str) -> str:
        value = self.entry[word]
        if not isinstance(value, str) or not value.strip():
            raise UsageError(f"{self.place} › {word} must be text; got {shown(value)}.")
        return value


def _rated(made: Connection, rate: Any) -> Connection:
    if rate is None:
        return made
    return Connection(
        made.api_key,
        made.account,
        made.base_url,
        made.allow_live,
        rate=rate,
        in_process=made.in_process,
    )


def _read(path: Path) -> dict[str, Any]:
    """What a file says; no more is read than an honest one has."""
    try:
        with path.open("rb") as stream:
            text = text_in(stream, path.name, MOST_BYTES)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from None
    if masked(text) != text:
        raise UsageError(_holds_a_key(path, text))
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path.name} is not TOML: {error}. Write {EXAMPLE}.") from None


def _holds_a_key(path: Path, text: str) -> str:
    numbered = enumerate(text.splitlines(), 1)
    lines = [str(number) for number, line in numbered if masked(line) != line]
    where = f"in line {', '.join(lines)}"
    return (
        f"{path.name} holds a key, {where}. Put the key into a variable of the"
        f" environment, and the variable's name into the file: {EXAMPLE}."
    )


def _name(path: Path, name: str) -> str:
    """A name that a request, a log and a sentence can have."""
    if not NAME.fullmatch(name) or not name.isprintable():
        must = f"a name is 1–{LONGEST_NAME} visible characters"
        raise UsageError(f"{path.name} has the name {shown(name)}: {must}.")
    return name


def _entry(place: str, entry: Any) -> Mapping[str, Any]:
    """The words of an account; a text alone is its variable."""
    if isinstance(entry, str):
        entry = {"variable": entry}
    if not is_object(entry):
        raise UsageError(f"{place} must name a variable, as in {EXAMPLE}; got {shown(entry)}.")
    for word in entry:
        if word not in WORDS:
            known = ", ".join(WORDS)
            hint = near(word, WORDS)
            raise UsageError(f"{place} has no {shown(word)}{hint}; an account has {known}.")
    if "variable" not in entry:
        raise UsageError(f"{place} names no variable that its key is in: {EXAMPLE}.")
    return entry

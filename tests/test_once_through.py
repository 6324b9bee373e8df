"""A run judges its inputs once, encodes them once and names itself once, whoever starts it."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import attrs
import pytest
from terminal_support import Terminal

from stripe_plugin import (
    Action,
    Client,
    Connection,
    Host,
    One,
    Resource,
    RunContext,
    action,
    hookimpl,
    required,
)
from stripe_plugin.judge.rules import Rule
from stripe_plugin.run import idempotency
from stripe_plugin.wire import request

PRODUCT = Resource("product", prefix="prod_")
counted: dict[str, int] = {}


def count(word: str) -> None:
    """One more of these."""
    counted[word] = counted.get(word, 0) + 1


@attrs.frozen
class Counting(Rule):
    """Takes everything, and counts."""

    @property
    def must(self) -> str:
        """Nothing."""
        return "be anything"

    def holds(self, value: Any) -> bool:
        """Yes."""
        count("judgements")
        return True


@action("POST /v1/products", PRODUCT, answers=One(name="Box"))
class MakeCounted(Action):
    """Make a box that is counted."""

    name: str = required("Name", "Box", "What it is called", Counting())


class Offer:
    """A plugin with this action."""

    @hookimpl
    def register_actions(self) -> list[type[Action]]:
        """It."""
        return [MakeCounted]


@pytest.fixture(autouse=True)
def _counting(monkeypatch: pytest.MonkeyPatch) -> None:
    counted.clear()
    random, named = uuid.uuid4, uuid.uuid5

    def encoded(params: Any) -> str:
        count("encodings")
        return urlencode(params)

    def drawn() -> uuid.UUID:
        count("keys")
        return random()

    def derived(*given: Any) -> uuid.UUID:
        count("keys")
        return named(*given)

    keys = SimpleNamespace(uuid4=drawn, uuid5=derived)
    monkeypatch.setattr(request, "urlencode", encoded)
    monkeypatch.setattr(idempotency, "uuid", keys)


def through_a_client(emulator: Connection) -> Any:
    """The constructor, and a client."""
    with Client(emulator) as client:
        return client.run(MakeCounted(name="Box"))


def through_a_host(emulator: Connection) -> Any:
    """Display keys, and a host with all its hooks."""
    host = Host.load()
    host.register(Offer(), "acme:counted")
    counted.clear()
    return host.run("make_counted", {"Name": "Box"}, connection=emulator, context=RunContext())


@pytest.mark.parametrize("run", [through_a_client, through_a_host])
def test_once(run: Callable[[Connection], Any]) -> None:
    """One judgement, one encoding, one idempotency key."""
    result = run(Connection.emulator())
    assert result.output["name"] == "Box"
    assert counted == {"judgements": 1, "encodings": 1, "keys": 1}


def test_once_from_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`run` does so, too; it names the run."""
    load = Host.load

    def with_ours(**given: Any) -> Host:
        host = load(**given)
        host.register(Offer(), "acme:counted")
        counted.clear()
        return host

    monkeypatch.setattr(Host, "load", with_ours)
    done = Terminal(tmp_path)("run", "make_counted", "Name=Box", "--json")
    assert json.loads(done.stdout)["output"]["name"] == "Box"
    assert counted == {"judgements": 1, "encodings": 1, "keys": 1}

"""A client secret is whole for a program that sends it on, and cut in whatever we show or keep."""

import copy
import json
import logging
import pickle
import string
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
import pytest
import yaml
from support import made
from terminal_support import Terminal

from stripe_plugin import Client, Connection, Result
from stripe_plugin.secrets import masked

PAY = ("run", "create_payment_intent", "Amount=2000", "Currency=usd")
SHOWS = "--client-secret shows it whole"


@pytest.fixture
def result() -> Result:
    """A payment that an app finishes with its secret."""
    with Client(Connection.emulator()) as client:
        return client.run(made("create_payment_intent", {"Amount": 2000, "Currency": "usd"}))


Output = Mapping[str, Any]


def _pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own


def _sent(output: Output, **how: Any) -> str:
    request = httpx.Request("POST", "https://example.com", **how)
    sent = request.url.query + request.read()
    return parse_qs(sent.decode())["secret"][0]


def _jinja(output: Output) -> str:
    jinja2 = pytest.importorskip("jinja2")
    text: str = jinja2.Template("{{ client_secret }}").render(output)
    return text


# What hosts, templates and web frameworks do with a field of an output.
WAYS: Mapping[str, Callable[[Output], Any]] = {
    "an f-string": lambda output: f"{output['client_secret']}",
    "%s": lambda output: "%(client_secret)s" % output,  # noqa: UP031 - one of the ways
    "str.format": lambda output: "{client_secret}".format(**output),
    "str": lambda output: str(output["client_secret"]),
    "join": lambda output: "".join([output["client_secret"]]),
    "a template": lambda output: string.Template("$client_secret").substitute(output),
    "Jinja": _jinja,
    "urlencode": lambda output: parse_qs(urlencode({"s": output["client_secret"]}))["s"][0],
    "a form": lambda output: _sent(output, data={"secret": output["client_secret"]}),
    "a query": lambda output: _sent(output, params={"secret": output["client_secret"]}),
    "JSON": lambda output: json.loads(json.dumps(output))["client_secret"],
    "YAML": lambda output: yaml.safe_load(yaml.safe_dump(dict(output)))["client_secret"],
    "pickle": lambda output: _pickled(output)["client_secret"],
    "a copy": lambda output: copy.deepcopy(output)["client_secret"],
}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_a_program_does_with_it_keeps_it_whole(way: str, result: Result) -> None:
    """An output is plain JSON data: whichever way its secret is taken, it is what Stripe sent."""
    secret = result.output["client_secret"]
    assert type(secret) is str
    assert masked(secret) != secret
    assert WAYS[way](result.output) == secret


@pytest.mark.parametrize("copied", [copy.deepcopy, _pickled])
def test_a_result_is_copied_with_its_secret(copied: Any, result: Result) -> None:
    """A result that goes to another process is the same result there."""
    assert copied(result) == result
    assert Result.from_dict(json.loads(json.dumps(result.plain()))) == result


def test_what_is_shown_or_kept_is_cut(result: Result, caplog: pytest.LogCaptureFixture) -> None:
    """Its repr, its safe data and a log of it hold nothing of the secret."""
    secret = result.output["client_secret"].partition("_secret_")[2]
    logging.getLogger("app").warning("came to %r", result)
    for shown in (repr(result), str(result), json.dumps(result.as_dict()), caplog.text):
        assert secret not in shown
        assert "_secret_" in shown


# --- in a terminal --------------------------------------------------------------------------------


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal with an emulator of its own."""
    return Terminal(tmp_path)


@pytest.mark.parametrize("how", [("--json",), ()])
def test_a_terminal_shows_it_only_if_asked(terminal: Terminal, how: tuple[str, ...]) -> None:
    """Whole on stdout with the option, to be piped on; else cut, with a word on how to see it."""
    cut = terminal(*PAY, *how)
    assert SHOWS in cut.stderr
    whole = terminal(*PAY, *how, "--client-secret")
    assert SHOWS not in whole.stderr
    for done, is_whole in ((cut, False), (whole, True)):
        document = json.loads(done.stdout)
        secret = document.get("output", document)["client_secret"]
        assert (masked(secret) != secret) is is_whole
        assert masked(done.stderr) == done.stderr


def test_a_repeated_run_says_that_it_has_none(terminal: Terminal) -> None:
    """The journal keeps no secret: what replays says how to come by it, and that works."""
    made_ = json.loads(terminal(*PAY, "--run-id", "r1").stdout)
    again = terminal(*PAY, "--run-id", "r1", "--client-secret")
    assert "A client secret is not kept with a run: retrieve the object" in again.stderr
    words = ("retrieve_payment_intent", f"Payment Intent ID={made_['id']}", "--client-secret")
    found = json.loads(terminal("run", *words).stdout)["client_secret"]
    assert masked(found) != found


def test_nothing_is_said_where_there_is_none(terminal: Terminal) -> None:
    """An object without a secret is shown without a word of one."""
    done = terminal("run", "create_product", "Name=Plan")
    assert "client secret" not in done.stderr

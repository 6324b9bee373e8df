"""Keys and client secrets come out nowhere, whatever goes wrong, and go to nobody but Stripe.

Every way to fail is driven with secrets made of one word, and all that came out is searched for it.
"""

import asyncio
import copy
import dataclasses
import inspect
import json
import logging
import os
import pickle
import re
import signal
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from pprint import pformat
from traceback import TracebackException
from typing import Any
from urllib.parse import quote

import attrs
import pytest
import trustme
from rich.pretty import pretty_repr
from rich.traceback import Traceback
from support import ACTIONS, REPOSITORY
from terminal_support import SCRIPT, environment, python

from stripe_flow import Journal, Step
from stripe_flow.flow import load
from stripe_flow.run import Run
from stripe_nodes import CreateProduct
from stripe_plugin import (
    AsyncClient,
    Client,
    Connection,
    HookFailed,
    Host,
    InvalidInputs,
    Policy,
    Result,
    RunContext,
    StripeError,
    UsageError,
    hookimpl,
)
from stripe_plugin.client.network import AsyncNetwork, Network
from stripe_plugin.errors import ConnectionFailed
from stripe_plugin.secrets import Secret, masked, shown
from stripe_plugin.wire.reply import Reply
from stripe_plugin.wire.request import encode, fill
from stripe_terminal import cli

WORD = "C4N4RY"  # secrets consist of it, so that a piece of one is found too
KEY = Secret("sk_test_" + WORD * 4)
QUICK = Policy(retries=1, timeout=5, budget=5, first_delay=0.01, longest_delay=0.01)
PAY = ("create_payment_intent", {"Amount": 100, "Currency": "usd"})


def spelled(form: str) -> str:
    """A text with secrets in it. No test keeps one in a variable: its own frame would show it."""
    return form.format(key=KEY.reveal(), body=WORD * 4, secret=f"pi_1_secret_{WORD * 4}")


# --- what is searched -----------------------------------------------------------------------------


def check(texts: Iterable[str]) -> None:
    """No text has a piece of a secret in it."""
    for text in texts:
        place = text.find(WORD)
        assert place < 0, f"it came out behind: {text[max(place - 400, 0) : place]}"


def said(thing: Any) -> Iterator[str]:
    """A thing as text, in all the ways that hosts have."""
    yield "%s %r" % (thing, thing)  # noqa: UP031 - one of them
    yield f"{thing} {thing!r} {thing!s:>9} {pformat(thing)} {pretty_repr(thing, max_string=40)}"
    if hasattr(thing, "as_dict"):
        yield json.dumps(thing.as_dict())


def held(thing: Any) -> Iterator[str]:
    """What a thing consists of. A result holds the whole, for the program that asked for it."""
    if isinstance(thing, Result) or isinstance(getattr(thing, "result", None), Result):
        return
    yield repr([getattr(thing, "__dict__", ()), getattr(thing, "args", ())])
    if attrs.has(type(thing)):
        yield repr([attrs.asdict(thing), attrs.astuple(thing)])
    for write in (dataclasses.asdict, pickle.dumps):
        with suppress(TypeError):  # it is no such thing, or refuses to be copied
            yield str(write(thing))


def family(error: BaseException) -> list[BaseException]:
    """An error and all that it comes from or carries, whether it is shown or not."""
    found: list[BaseException] = []
    left: list[Any] = [error]
    while left:
        one = left.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            left += [one.__cause__, one.__context__, getattr(one, "error", None)]
            left += getattr(one, "exceptions", ())
    return found


def framed(error: BaseException) -> Iterator[str]:
    """A traceback with all locals, as error trackers and rich write it."""
    about = type(error), error, error.__traceback__
    yield "".join(TracebackException(*about, capture_locals=True).format())
    told = Traceback.extract(*about, show_locals=True, locals_max_string=40)
    yield "".join(str(frame.locals) for stack in told.stacks for frame in stack.frames)


def search(error: BaseException, *, frames: bool = True) -> None:
    """No text of an error and its family has a piece of a secret in it."""
    for one in family(error):
        check((*said(one), *held(one)))
        check(framed(one) if frames else ())


def failed(kind: Any, go: Callable[..., Any], *given: Any, frames: bool = True, **more: Any) -> Any:
    """The error that a call ends in; it is searched."""
    with pytest.raises(kind) as caught:
        go(*given, **more)
    search(caught.value, frames=frames)
    return caught.value


def elsewhere(caplog: Any, capfd: Any, recwarn: Any, folder: Path) -> Iterator[str]:
    """What came out beside an error: logs with their extras, warnings, prints, files."""
    for record in caplog.get_records("call"):
        yield f"{caplog.handler.format(record)} {vars(record)}"
    yield from (str(warning.message) for warning in recwarn)
    yield from capfd.readouterr()
    yield from (str(file.read_bytes()) for file in folder.rglob("*") if file.is_file())


@pytest.fixture(autouse=True)
def _nothing_elsewhere(caplog: Any, capfd: Any, recwarn: Any, tmp_path: Path) -> Iterator[None]:
    """All that is searched as well."""
    caplog.set_level(logging.DEBUG)
    yield
    check(elsewhere(caplog, capfd, recwarn, tmp_path))


class Listener:
    """A plugin that keeps, as text, what every hook is given."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def _hear(self, *given: Any) -> None:
        self.heard += [text for thing in given for text in (*said(thing), *held(thing))]

    @hookimpl
    def get_connection(self, action_id: str, context: RunContext) -> None:
        """Listen."""
        self._hear(action_id, context)

    @hookimpl(wrapper=True)
    def run_action(self, action: Any, connection: Any, context: Any) -> Any:
        """Listen."""
        self._hear(action, connection, context)
        result = yield
        self._hear(result)
        return result

    @hookimpl(wrapper=True)
    def arun_action(self, action: Any, connection: Any, context: Any) -> Any:
        """Listen."""
        self._hear(action, connection, context)
        return (yield)

    @hookimpl
    def after_run(self, action_id: Any, context: Any, result: Any, error: Any) -> None:
        """Listen."""
        self._hear(action_id, context, result, error)


@pytest.fixture
def host() -> Iterator[Host]:
    """Everything installed, and a listener; what hooks and problems tell is searched."""
    listener = Listener()
    with Host.load(policy=QUICK) as host:
        host.register(listener, "acme:listener")
        yield host
        check([*listener.heard, *map(str, host.problems)])


def planted(where: str, key: str) -> BaseException:
    """An error with the key in one place of it, this frame being one."""
    error = StripeError(message="x", request_id=key if where == "a field" else None)
    if where == "a note":
        error.add_note(key)
    if where == "a hidden error":
        error.__context__, error.__suppress_context__ = KeyError(key[:20]), True
    if where == "a frame":
        with pytest.raises(StripeError):
            raise error
    if where == "an error that it carries":
        return HookFailed("x", None, planted("a field", key))  # type: ignore[arg-type]
    return ExceptionGroup("x", [KeyError(key)]) if where == "a group" else error


@pytest.mark.parametrize(
    "where", "a field,a note,a hidden error,a frame,an error that it carries,a group".split(",")
)
def test_the_search_finds_a_secret(where: str) -> None:
    """A secret, or a piece of one, that is planted anywhere in an error is found."""
    with pytest.raises(AssertionError, match="it came out"):
        search(planted(where, KEY.reveal()))


def test_the_search_finds_what_came_out_elsewhere(
    caplog: Any, capfd: Any, recwarn: Any, tmp_path: Path
) -> None:
    """So is one in a record or an extra of it, a warning, a print or a file."""
    file, log = tmp_path / "file", logging.getLogger("host")
    for out, wash in (
        (lambda key: log.debug("with %s", key), caplog.clear),
        (lambda key: log.debug("with an extra", extra={"run_id": key}), caplog.clear),
        (lambda key: warnings.warn(key, stacklevel=1), recwarn.clear),
        (lambda key: os.write(2, key.encode()), capfd.readouterr),
        (lambda key: file.write_text(f"\0{key}"), file.unlink),
    ):
        out(KEY.reveal())
        with pytest.raises(AssertionError, match="it came out"):
            check(elsewhere(caplog, capfd, recwarn, tmp_path))
        wash()


# --- a Stripe that shows all it knows -------------------------------------------------------------

Answer = Callable[[str], bytes]  # to the head of a request
RESET = b"reset"


class Stripe(socketserver.ThreadingTCPServer):
    """Keeps the requests that it gets, and answers them as it is told."""

    allow_reuse_address = daemon_threads = True
    block_on_close = False

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.answer, self.seen, self.closed = answer, list[str](), threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)
        self.socket = tls.wrap_socket(self.socket, server_side=True) if tls else self.socket
        self.port = self.socket.getsockname()[1]
        self.url = f"https://localhost:{self.port}" if tls else f"http://127.0.0.1:{self.port}"

    @property
    def connection(self) -> Connection:
        """A connection to this place."""
        return Connection(KEY, base_url=self.url)

    def hang(self) -> bytes:
        """An answer that does not come."""
        self.closed.wait(10)
        return b""

    def handle_error(self, request: object, client_address: object) -> None:
        """Forget clients that went away."""


class Handler(socketserver.StreamRequestHandler):
    """Reads one request to its last byte."""

    server: Stripe

    def handle(self) -> None:
        """Keep the request, give the answer."""
        head = ""
        while (line := self.rfile.readline()) not in (b"", b"\r\n"):
            head += line.decode("latin-1")
        if length := re.search(r"(?i)\ncontent-length: (\d+)", head):
            self.rfile.read(int(length[1]))
        self.server.seen.append(head)
        if (answer := self.server.answer(head)) == RESET:
            linger = struct.pack("ii", 1, 0)  # a reset instead of a polite end
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        else:
            self.wfile.write(answer)


@contextmanager
def listening(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Stripe]:
    """A server while the block runs."""
    with Stripe(answer, tls) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            yield server
        finally:
            server.closed.set()
            server.shutdown()


@pytest.fixture
def stripe() -> Iterator[Stripe]:
    """A server whose answer is set by the test."""
    with listening(lambda _: b"") as server:
        yield server


def http(status: int, body: Any, **headers: str) -> bytes:
    """An answer's bytes, of text or of JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    lines = {"content-length": str(len(text.encode())), "connection": "close", **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} x\r\n{head}\r\n{text}".encode()


def payment() -> dict[str, Any]:
    """A payment intent with client secrets wherever Stripe has them."""
    secret = {"client_secret": spelled("{secret}")}
    invoice = {"confirmation_secret": secret, "payments": {"data": [secret]}}
    return {"id": "pi_1", "object": "payment_intent", "latest_invoice": invoice, **secret}


def refusing(status: int) -> Answer:
    """A refusal whose every word repeats the key, and a payment intent beside them."""

    def answer(head: str) -> bytes:
        authorization = re.findall("(?i)authorization: (.*)\r", head)[0]
        words = "message type code decline_code param doc_url".split()
        error = dict.fromkeys(words, f"Invalid API Key provided:\n{authorization}")
        return http(status, {"error": {**error, "payment_intent": payment()}})

    return answer


ANSWERS: Mapping[str, Answer] = {
    **{str(status): refusing(status) for status in (400, 401, 402, 403, 404, 409, 429, 500)},
    "500 in HTML": lambda head: http(500, f"<html>{head}</html>", content_type="text/html"),
    "200 in HTML": lambda head: http(200, f"<html>{head}</html>", content_type="text/html"),
    "200 cut short": lambda _: http(200, payment())[:-9],
    "200 with half a JSON": lambda _: http(200, json.dumps(payment())[:-9]),
    "200 badly packed": lambda head: http(200, head, content_encoding="gzip"),
    "a header without end": lambda _: http(200, "", x=spelled("{key}") * 9000),
    "a reset": lambda _: RESET,
    "nothing": lambda _: b"",
}

# --- what goes wrong on the way -------------------------------------------------------------------

Go = Callable[..., Any]


def plainly(host: Host, *given: Any, **more: Any) -> Result:
    """A run."""
    return host.run(*given, **more)


def with_asyncio(host: Host, *given: Any, **more: Any) -> Result:
    """A run by asyncio."""
    return asyncio.run(host.arun(*given, **more))


BOTH = pytest.mark.parametrize("go", [plainly, with_asyncio], ids=["sync", "async"])


@BOTH
@pytest.mark.parametrize("answer", ANSWERS)
def test_what_stripe_answers(answer: str, go: Go, stripe: Stripe, host: Host) -> None:
    """A failed run tells no secret, whatever Stripe, or what is in its place, answers."""
    stripe.answer = ANSWERS[answer]
    failed(StripeError, go, host, *PAY, connection=stripe.connection)


@BOTH
@pytest.mark.parametrize("answer", ["\t{key}\r\n", "HTTP/1.1 200 OK\r\n\t{key}: 1\r\n\r\n"])
def test_what_a_stranger_says(
    answer: str, go: Go, stripe: Stripe, host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    """What is no HTTP is not repeated."""
    caplog.set_level(logging.DEBUG)
    stripe.answer = lambda _: spelled(answer).encode()
    failed(ConnectionFailed, go, host, *PAY, connection=stripe.connection)


@BOTH
def test_no_connection(go: Go, host: Host) -> None:
    """Where nobody listens, no secret is told."""
    with listening(lambda _: b"") as stripe:
        closed = stripe.connection
    failed(ConnectionFailed, go, host, *PAY, connection=closed)


@BOTH
def test_no_answer_in_time(go: Go, stripe: Stripe, host: Host) -> None:
    """A request that is given up tells no secret."""
    stripe.answer = lambda _: stripe.hang()
    context = RunContext(timeout=0.05)
    failed(ConnectionFailed, go, host, *PAY, connection=stripe.connection, context=context)


@BOTH
def test_ctrl_c(go: Go, stripe: Stripe, host: Host) -> None:
    """Ctrl-C while Stripe is waited for leaves a traceback that tells no secret."""

    def answer(_: str) -> bytes:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return stripe.hang()

    stripe.answer = answer
    failed(KeyboardInterrupt, go, host, *PAY, connection=stripe.connection)


def raising(error: BaseException) -> Any:
    """A function that fails."""

    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


def raising_once(error: BaseException, then: Any) -> Any:
    """A function that fails the first time."""
    errors = [error]

    def fail(*given: Any) -> Any:
        if errors:
            raise errors.pop()
        return then(*given)

    return fail


@BOTH
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize(
    ("step", "twice"),
    [
        pytest.param("http.written", False, id="sending"),
        pytest.param("http.written", True, id="sending, twice"),
        pytest.param("stream.Plain.read", False, id="reading"),
        pytest.param("stream.Plain.read", True, id="reading, twice"),
    ],
)
def test_an_interruption(
    step: str, error: Any, go: Go, stripe: Stripe, host: Host, monkeypatch: Any, *, twice: bool
) -> None:
    """Whatever interrupts a request, and then its cleaning up, no frame tells a secret."""
    with monkeypatch.context() as patch:
        patch.setattr(f"stripe_plugin.client.{step}", raising(error()))
        if twice:
            for kind in (Network, AsyncNetwork):
                patch.setattr(kind, "close", raising_once(error(), kind.close))
        expected = (
            error if error is KeyboardInterrupt else HookFailed
        )  # says that it may be executed
        failed(expected, go, host, *PAY, connection=stripe.connection)


def test_a_cancellation(stripe: Stripe, host: Host) -> None:
    """A task that is cancelled while it waits for Stripe tells no secret."""

    async def cancelled() -> None:
        loop, begun = asyncio.get_running_loop(), asyncio.Event()
        stripe.answer = lambda _: (loop.call_soon_threadsafe(begun.set), stripe.hang())[1]
        task = asyncio.create_task(host.arun(*PAY, connection=stripe.connection))
        await asyncio.wait_for(begun.wait(), 10)
        task.cancel()
        await task

    failed(asyncio.CancelledError, asyncio.run, cancelled())


def test_a_client_that_is_closed(stripe: Stripe) -> None:
    """A run whose client is closed between two attempts tells no secret."""
    client = Client(stripe.connection, attrs.evolve(QUICK, first_delay=5, budget=60))

    def answer(_: str) -> bytes:
        threading.Thread(target=client.close).start()
        return http(500, {})

    stripe.answer = answer
    failed(ConnectionFailed, client.run, CreateProduct(name="Plan"))


@BOTH
def test_an_address_that_is_too_long(go: Go, stripe: Stripe, host: Host) -> None:
    """An address that is refused for its length tells no secret, and nothing is sent."""
    there, extra = stripe.connection, {"a": "x" * 60_000}
    failed(InvalidInputs, go, host, "list_products", {}, connection=there, extra=extra)
    failed(UsageError, Connection, KEY, base_url=stripe.url + "/x" * 1000)
    assert stripe.seen == []


@BOTH
def test_the_longest_address(go: Go, stripe: Stripe, host: Host) -> None:
    """The longest address that is taken can be sent, below the longest base URL."""
    stripe.answer = lambda _: http(200, {"object": "list"})
    there = Connection(KEY, base_url=stripe.url + "/x" * 980)
    assert go(host, "list_products", {}, connection=there, extra={"a": "x" * 59_900}).output


# --- connections that are refused -----------------------------------------------------------------

KEYS = {
    "{body}": "not a secret",
    "sk_": "a character that no key has",
    "pk_test_{body}": "publishable key",
    "pk_live_{body}": "publishable key",
    "whsec_{body}": "webhook secret",
    "sk_org_{body}": "organisation's key",
    "sk_org_live_{body}": "organisation's key",
    "ek_test_{body}": "not a secret",
    "SK_TEST_{body}": "not a secret",
    "Bearer {key}": "not a secret",
    "'{key}'": "not a secret",
    "{key} {body}": "a character that no key has",
    "{key}\r\nX-Evil: {body}": "a character that no key has",
    "sk_test_ü{body}": "a character that no key has",
    "{key}\0": "a character that no key has",
    "{key}" + "{body}" * 20: "a character that no key has",
    "sk_live_{body}": "real money.*allow_live",
    "rk_live_{body}": "real money.*allow_live",
    "sk_{body}": "real money.*allow_live",
}


@pytest.mark.parametrize("form", KEYS)
def test_a_wrong_key(form: str) -> None:
    """What is no key for actions is refused unseen, with the reason."""
    by_hand = failed(UsageError, lambda: Connection(spelled(form)))
    assert re.search(KEYS[form], str(by_hand))
    found = failed(UsageError, lambda: Connection.from_env({"STRIPE_API_KEY": spelled(form)}))
    assert str(found) == str(by_hand)


RIGHT_URLS = [
    *("https://api.stripe.com", "https://proxy.example.com:8443/stripe/"),
    *("http://localhost:12111", "http://127.0.0.1:12111", "http://[::1]:12111/"),
]
WRONG_URLS = [
    *("http://api.stripe.com", "http://127.0.0.1.example.com", "http://127.0.0.1:99999", " "),
    *("https://", "https:api.stripe.com", "//api.stripe.com", "api.stripe.com", "https://[::1"),
    *("ftp://api.stripe.com", "file:///etc/hosts", "unix:///var/run/stripe", "{key}"),
    *("https://api.stripe.com\r\nX-Evil: {key}", "https://api.stripe.com\n", "https://a b"),
    *("https://a.example:port", "https://a.example?a={body}", "https://a.example#{body}"),
    *("https://a.example/{key}", "http://localhost@a.example", "https://{body}@a.example"),
    *("https://user:{body}@a.example", "https://user:{body}/{body}@a.example", "https:u:{body}@a"),
    *("http://user:{body}@localhost", "user:{body}@a.example"),
]


@pytest.mark.parametrize("url", RIGHT_URLS)
def test_a_base_url_that_keeps_the_key_safe(url: str) -> None:
    """URLs are https anywhere, or http on this machine; a slash at the end means nothing."""
    environ = {"STRIPE_API_KEY": KEY.reveal(), "STRIPE_API_BASE": url}
    assert Connection.from_env(environ).base_url == url.rstrip("/")


@pytest.mark.parametrize("url", WRONG_URLS)
def test_a_base_url_that_does_not(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other is refused when the connection is made; no password or key in it is told."""
    monkeypatch.setenv("STRIPE_API_KEY", KEY.reveal())
    monkeypatch.setenv("STRIPE_API_BASE", spelled(url))
    for make in (Connection.from_env, lambda: Connection(KEY, base_url=spelled(url))):
        assert re.search("base URL|STRIPE_API_BASE", str(failed(UsageError, make)))


@pytest.mark.parametrize("form", ["{key}", "acct_1 {key}", "{secret}"])
def test_a_wrong_account(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret in the place of the account is not told."""
    monkeypatch.setenv("STRIPE_API_KEY", KEY.reveal())
    monkeypatch.setenv("STRIPE_ACCOUNT", spelled(form))
    for make in (Connection.from_env, lambda: Connection(KEY, spelled(form))):
        assert "acct_…" in str(failed(UsageError, make))


@pytest.mark.parametrize("name", ["STRIPE_ACCOUNT", "STRIPE_API_BASE", "STRIPE_NODES_EMULATOR"])
def test_a_variable_that_is_empty(name: str) -> None:
    """A variable that is set but empty is refused by its name; the key beside it is not told."""

    def make() -> None:
        Connection.from_env({"STRIPE_API_KEY": KEY.reveal(), name: " "})

    assert name in str(failed(UsageError, make))


# --- secrets in the wrong place -------------------------------------------------------------------

# An input is data, and frames hold it; what is searched is all that is said about it.
FORMS: Mapping[str, Callable[[str], Any]] = {
    "text": lambda secret: secret,
    "in a text": lambda secret: f"see\n{secret}",
    "in a list": lambda secret: [secret, {"a": secret}],
    "in an object": lambda secret: {"a": secret, "metadata": [secret]},
    "a key of an object": lambda secret: {secret: "x", "metadata": {secret: {}}},
    "in JSON": lambda secret: json.dumps({secret: f"\n{secret}"}),
    "in half a JSON": lambda secret: '{"a": "' + secret,
}


@pytest.mark.parametrize("secret", ["{key}", "{secret}"])
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_among_the_inputs(form: str, secret: str) -> None:
    """No sentence about any row of any action, or about what is no row, repeats a secret."""
    refused = 0
    for action in ACTIONS.values():
        for word in (*action.spec.names, spelled(secret)):
            try:
                made = action.read({word: FORMS[form](spelled(secret))})
                check(made.warnings().values())
            except InvalidInputs as error:
                search(error, frames=False)
                refused += 1
    assert refused > 150


OPTIONS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "expand": lambda secret: {"expand": [secret]},
    "extra": lambda secret: {"extra": {secret: secret}},
    "a wrong idempotency key": lambda secret: {"context": RunContext(idempotency_key=f"{secret} ")},
}


@BOTH
@pytest.mark.parametrize("option", OPTIONS)
def test_a_secret_among_the_options(option: str, go: Go, stripe: Stripe) -> None:
    """A secret in an option of a run is told by no sentence, whatever becomes of the run."""
    stripe.answer = refusing(500)
    with Host.load(policy=QUICK) as host:

        def run() -> None:
            options = OPTIONS[option](spelled("{key}"))
            go(host, *PAY, connection=stripe.connection, **options)

        failed((StripeError, UsageError, InvalidInputs), run, frames=False)


@pytest.mark.parametrize(
    "make",
    [UsageError, lambda text: StripeError(message=text), lambda text: HookFailed(text, None, None)],
)
def test_a_secret_in_the_words_of_an_error(make: Callable[[str], Exception]) -> None:
    """Whoever makes an error of ours, and of whatever, its sentence has no secret."""
    check(said(make(spelled("cannot use {key} and {secret}"))))


def test_a_secret_for_an_action() -> None:
    """A secret in the place of an action's ID is not told."""
    failed(UsageError, lambda: Host.load().run(spelled("{key}"), {}), frames=False)


@pytest.mark.parametrize("word", "run_id step item idempotency_key account".split())
def test_a_secret_is_no_name(word: str) -> None:
    """A run is not named by a secret: its name is sent, logged and kept."""
    named: Any = {word: spelled("{key}")}
    failed(UsageError, lambda: RunContext(**named), frames=False)


# --- hooks ----------------------------------------------------------------------------------------


class Denying:
    """Denies a run, with all it knows."""

    @hookimpl(wrapper=True)
    def run_action(self, action: Any, connection: Any, context: Any) -> Any:
        """Deny."""
        yield from ()
        raise PermissionError(f"{connection} {connection.api_key} {context} {action.spec.id}")


class Failing:
    """Fails after a run, with all it was given."""

    @hookimpl(wrapper=True)
    def run_action(self, connection: Any) -> Any:
        """Fail."""
        result = yield
        raise RuntimeError(f"{connection} {result}", result)


class Telling:
    """Fails after a run, with what it took out of the result."""

    @hookimpl(wrapper=True)
    def run_action(self) -> Any:
        """Fail."""
        result = yield
        raise RuntimeError(f"{result.output} {result.output['client_secret']}")


class Observing:
    """Fails at observing."""

    @hookimpl
    def after_run(self, result: Result) -> None:
        """Fail."""
        raise ValueError(result.output["client_secret"], result)


@BOTH
@pytest.mark.parametrize(("hook", "kind"), [(Denying, PermissionError), (Failing, HookFailed)])
def test_a_hook_that_fails(hook: Any, kind: Any, go: Go, stripe: Stripe, host: Host) -> None:
    """The error of a hook tells no secret, though the hook puts into it whatever it was given."""
    stripe.answer = lambda _: http(200, payment())
    host.register(hook(), "acme:plugin")
    with pytest.raises(kind) as caught:
        go(host, *PAY, connection=stripe.connection)
    for error in family(caught.value):
        check((*said(error), *framed(error)))


@BOTH
def test_a_hook_that_tells_a_secret(go: Go, stripe: Stripe, host: Host) -> None:
    """What a hook takes out of a result and says is its own; our error about it has it cut."""
    stripe.answer = lambda _: http(200, payment())
    host.register(Telling(), "acme:plugin")
    with pytest.raises(HookFailed) as caught:
        go(host, *PAY, connection=stripe.connection)
    check(said(caught.value))
    assert "pi_1_secret_…" in str(caught.value)


@BOTH
def test_an_observer_that_fails(go: Go, stripe: Stripe, host: Host) -> None:
    """The problem that an observer makes tells no secret; neither does the result."""
    stripe.answer = lambda _: http(200, payment())
    host.register(Observing(), "acme:plugin")
    check(said(go(host, *PAY, connection=stripe.connection)))
    assert "pi_1_secret_…" in host.problems[0].reason


def test_a_plugin_that_cannot_be_used(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin that fails at its import, with a key in its words, is a problem without the key."""

    class Point(EntryPoint):
        def load(self) -> None:
            raise RuntimeError(spelled("cannot log in with\n{key}"))

    points = EntryPoints([Point("acme", "acme", "stripe_plugin.v1")])
    monkeypatch.setattr("stripe_plugin.host.discovery.entry_points", lambda: points)
    host.problems += Host.load().problems
    assert host.problems[0].reason == "RuntimeError: cannot log in with\nsk_test_…"


# --- flows and their journal ----------------------------------------------------------------------

FLOW = """
steps:
  - {id: pay, action: create_payment_intent, inputs: {Amount: 100, Currency: usd}}
  - {id: note, action: create_customer, inputs: {Name: NAME}}
"""
ENDINGS = ["400", "500", "200 in HTML", "200 cut short", "nothing"]


@pytest.fixture
def journal(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Journal]:
    """An empty journal and its file."""
    file = tmp_path_factory.mktemp("journal") / "runs.db"
    return file, Journal(file)


def flowing(host: Host, stripe: Stripe, journal: Journal, name: str, ending: str) -> None:
    """Runs the flow with that name of the customer, which is answered so."""

    def answer(head: str) -> bytes:
        return http(200, payment()) if "/v1/payment_intents" in head else ANSWERS[ending](head)

    stripe.answer = answer
    run = Run(host, stripe.connection, "r1", journal)
    for _ in run.flow(load("pay.yaml", FLOW.replace("NAME", name), host)):
        pass


def check_kept(file: Path) -> str:
    """What a file has, which is no secret."""
    kept = file.read_bytes().decode("latin-1")
    check([kept])
    return kept


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_flow(ending: str, stripe: Stripe, host: Host, journal: Any) -> None:
    """A flow that stops tells no secret of the steps before, and its journal keeps none."""
    failed(StripeError, flowing, host, stripe, journal[1], "Jenny Rosen", ending)
    assert "pi_1" in check_kept(journal[0])


@pytest.mark.parametrize(
    ("reference", "sent"), [("steps.pay.client_secret", 0), ("values(steps.pay)", 1)]
)
def test_a_flow_sends_no_secret_on(reference: str, sent: int, stripe: Stripe, journal: Any) -> None:
    """A client secret, which no journal keeps, is made no input: a flow that goes on had none."""
    name = f"'see ${{{{ {reference} }}}}'"
    with Host.load(policy=QUICK) as host:
        failed(UsageError, flowing, host, stripe, journal[1], name, "400", frames=False)
    assert len(stripe.seen) == sent
    check_kept(journal[0])


@pytest.mark.parametrize(
    "metadata", [{"note": "see {key}"}, {"note": "see {secret}"}, {"{key}": ""}], ids=str
)
def test_a_secret_in_an_answer(metadata: dict[str, str], stripe: Stripe, journal: Any) -> None:
    """An answer that somebody wrote a secret into is not kept."""
    stripe.answer = lambda _: spelled_answer(metadata)
    with Host.load(policy=QUICK) as host:
        Run(host, stripe.connection, "r1", journal[1]).step(Step("pay", *PAY))
    check_kept(journal[0])


def spelled_answer(metadata: dict[str, str]) -> bytes:
    """A payment with this metadata."""
    named = {spelled(name): spelled(text) for name, text in metadata.items()}
    return http(200, {**payment(), "metadata": named})


def test_a_journal_is_not_begun_under_a_secret(stripe: Stripe, host: Host, journal: Any) -> None:
    """A flow's run is not named by a secret either."""
    with suppress(UsageError):
        Run(host, stripe.connection, spelled("{key}"), journal[1])
    check_kept(journal[0])


# --- the terminal ---------------------------------------------------------------------------------

RUN = "run create_payment_intent Amount=100 Currency=usd"
COMMANDS = ["list", "describe create_price", "doctor", RUN, "run list_payment_intents", "flow FILE"]
WRONG = """
2 {key}
2 list {key}
2 list --{key}
2 describe {key}
2 doctor --account {key}
2 run {key}
2 run --inputs {key} create_payment_intent
2 RUN {key}
2 RUN {key}={key}
2 RUN Amount={key}
2 RUN --account {key}
4 RUN Customer={key}
4 RUN --expand {key}
2 flow {key}
2 fault {key}
2 fault cut --times {key}
2 emulator --port {key}
2 emulator --port 99999
"""
ENVIRONMENTS = [
    ("KEY", "pk_test_{body}", "publishable key"),
    ("KEY", "{key} {body}", "a character that no key has"),
    ("KEY", "sk_live_{body}", "--allow-live"),
    ("BASE", "{key}", "base URL"),
    ("BASE", "https://user:{body}@api.stripe.com", "base URL"),
]
AS = pytest.mark.parametrize("more", [[], ["--json"]], ids=["people", "json"])


@pytest.fixture
def typed(tmp_path: Path, stripe: Stripe, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`stripe-nodes` with the key in its environment; its frames are searched, too."""
    monkeypatch.setenv("STRIPE_NODES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STRIPE_API_KEY", KEY.reveal())
    monkeypatch.setenv("STRIPE_API_BASE", stripe.url)
    monkeypatch.setattr(logging.getLogger("stripe_plugin"), "handlers", [])
    monkeypatch.setattr(Policy, "delay", QUICK.delay)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # which `emulator` sets
    file = tmp_path / "flow.yaml"
    file.write_text(FLOW.replace("NAME", "Jenny Rosen"))

    def run(line: str, *more: str) -> Any:
        words = line.replace("RUN", RUN).replace("FILE", str(file)).split()
        with pytest.raises(SystemExit) as ended:
            cli.main([spelled(word) for word in (*words, *more)])
        if "{" not in line:  # else the words are in its frames
            search(ended.value)
        return ended.value.code

    return run


def noted(_: str) -> bytes:
    """A payment with a list beside it, where somebody wrote the key into a description."""
    listed = {"object": "list", "data": [{"description": spelled("see\n{key}")}]}
    return http(200, {**payment(), **listed})


@AS
@pytest.mark.parametrize("answer", ["200", "401", "500 in HTML", "nothing"])
@pytest.mark.parametrize("line", COMMANDS)
def test_a_command(line: str, answer: str, more: list[str], typed: Any, stripe: Stripe) -> None:
    """No command tells a secret, whatever Stripe answers."""
    stripe.answer = {**ANSWERS, "200": noted}[answer]
    assert typed(line, *more) in ((0,) if answer == "200" else (0, 3, 4))


@AS
@pytest.mark.parametrize("line", WRONG.strip().splitlines())
def test_a_wrong_command(line: str, more: list[str], typed: Any, stripe: Stripe) -> None:
    """A secret at the wrong place of a command line is not repeated."""
    code, _, command = line.partition(" ")
    stripe.answer = ANSWERS["500"]
    assert typed(command, *more) == int(code)


@AS
@pytest.mark.parametrize("line", ["doctor", RUN, "flow FILE"])
@pytest.mark.parametrize(("name", "form", "why"), ENVIRONMENTS)
def test_a_wrong_environment(
    name: str, form: str, why: str, line: str, more: Any, typed: Any, monkeypatch: Any, capfd: Any
) -> None:
    """A key that cannot be used, or a secret in the place of the URL, is refused unseen."""
    monkeypatch.setenv(f"STRIPE_API_{name}", spelled(form))
    assert typed(line, *more) == 2
    told = capfd.readouterr()
    check(told)
    assert why in told.err


def test_an_interrupted_command(stripe: Stripe, tmp_path: Path) -> None:
    """Ctrl-C ends a command without a word about the key."""
    stripe.answer = lambda _: stripe.hang()
    given = environment(tmp_path, STRIPE_API_KEY=KEY.reveal(), STRIPE_API_BASE=stripe.url)
    command: list[Any] = [SCRIPT, *RUN.split()]
    with subprocess.Popen(
        command, env=given, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while not stripe.seen and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=10)
    check(told)
    assert "may have been executed" in told[1]


# --- what is typed --------------------------------------------------------------------------------


@attrs.frozen
class Wrapped:
    """A host's own class."""

    thing: Any


@dataclasses.dataclass
class Stored:
    """Another."""

    thing: Any


def reply() -> Reply:
    """Stripe's answer."""
    return Reply(200, {}, json.dumps(payment()).encode())


def result() -> Result:
    """The same, as a host gets it."""
    output = reply().output or {}
    return Result(output, "req_1", 1, replayed=False, livemode=False, mode="test")


CONNECTION = Connection(KEY)
HOLDERS: Mapping[str, Callable[[], Any]] = {
    "a secret": lambda: KEY,
    "a connection": lambda: CONNECTION,
    "another account": lambda: attrs.evolve(CONNECTION, account="acct_1"),
    "a copy of it": lambda: copy.copy(CONNECTION),
    "a client": lambda: Client(CONNECTION),
    "an error about it": lambda: UsageError(CONNECTION),
    "a reply": reply,
    "a result": result,
    "a deep copy of it": lambda: copy.deepcopy(result()),
    "one that was pickled": lambda: pickle.loads(pickle.dumps(result())),  # noqa: S301 - our own
    "what may be kept of it": lambda: result().as_dict(),
    "one made of that": lambda: Result.from_dict(result().as_dict()),
    "an error about a result": lambda: HookFailed("x", result(), None),
}


@pytest.mark.parametrize("wrap", [list, Wrapped, Stored, ValueError])
@pytest.mark.parametrize("holder", HOLDERS)
def test_a_typed_secret_is_shown_cut(holder: str, wrap: Any) -> None:
    """However what holds a secret is turned into text, it is cut."""

    def fail() -> None:
        thing = HOLDERS[holder]()
        within = wrap([thing])
        logging.getLogger("host").warning("%s %r", thing, within)
        check((*said(thing), *said(within)))
        raise KeyError(thing, within)

    with pytest.raises(KeyError) as caught:
        fail()
    check((*said(caught.value), *framed(caught.value)))


@pytest.mark.parametrize("holder", ["a secret", "a connection"])
def test_a_key_is_not_pickled(holder: str) -> None:
    """What holds a key leaves no process."""
    failed(TypeError, lambda: pickle.dumps(HOLDERS[holder]()))


@pytest.mark.parametrize("holder", ["a secret", "a connection"])
def test_a_key_is_held_out_of_sight(holder: str) -> None:
    """What walks over the attributes of what holds a key does not meet it."""
    check(held(HOLDERS[holder]()))


def test_a_connection_is_not_copied() -> None:
    """A connection that is somewhere in a host's settings gets no second life in a copy of them."""
    copied = copy.deepcopy({"stripe": [CONNECTION]})
    assert copied["stripe"][0] is CONNECTION


def test_what_a_program_takes_out_is_whole() -> None:
    """The output is Stripe's, untouched and plain; copies and pickles are too. What is kept is cut.

    Whoever prints an output has taken it out; of all that we print ourselves it is cut.
    """
    found = result()
    copies = [found, copy.deepcopy(found), pickle.loads(pickle.dumps(found))]  # noqa: S301
    for each in [*copies, Result.from_dict(found.plain())]:
        assert each.output == each.plain()["output"] == payment()
        assert type(each.output["client_secret"]) is str
        assert f"{each.output['client_secret']}" == spelled("{secret}")
    secret = found.output["client_secret"]
    assert json.dumps([secret]) == spelled('["{secret}"]')
    assert encode({"s": secret}) == (("s", spelled("{secret}")),)
    assert fill("/{s}", {"s": secret}) == spelled("/{secret}")
    assert found.as_dict()["output"]["client_secret"] == "pi_1_secret_…"


@pytest.mark.parametrize("form", ["{body}", "accs_secret__{body}", "cs_test_a1_secret_{body}%2F"])
def test_a_client_secret_of_any_form(form: str) -> None:
    """What Stripe calls a client secret is one, whatever it looks like."""
    answer = Reply(200, {}, json.dumps({"data": [{"client_secret": spelled(form)}]}).encode())
    found = Result(answer.output or {}, None, 1, replayed=False, livemode=False, mode="test")
    check((*said(found), *said(answer)))
    kept = found.as_dict()
    assert kept["output"]["data"][0]["client_secret"].endswith("secret_…")
    assert Result.from_dict(kept).as_dict() == kept


def quoted_twice(text: str) -> str:
    """As an address within an address has it."""
    return quote(quote(text))


WRITTEN: list[Callable[[str], str]] = [str, repr, ascii, json.dumps, quote, quoted_twice]


@pytest.mark.parametrize("around", ["{}", "\n{}", "\t{}", "my_{}", "a {} b", '"{}"', "é{}ü"])
@pytest.mark.parametrize("secret", ["{key}", "{secret}"])
def test_a_secret_is_masked_wherever_it_stands(around: str, secret: str) -> None:
    """In a longer text, and behind the escapes of Python, JSON and URLs, a secret is cut."""
    for write in WRITTEN:
        check(show(write(around.format(spelled(secret)))) for show in (masked, shown))


@pytest.mark.parametrize("text", "task_list risk_level desk_test sk_ pk top_secret_plan".split())
def test_other_texts_are_not_masked(text: str) -> None:
    """What only looks a little like a secret is left alone."""
    assert masked(text) == text


# --- to whom the key goes -------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int, go: Go, stripe: Stripe, host: Host) -> None:
    """The key goes to the base URL, and not to where it points."""
    with listening(lambda _: http(200, {})) as other:
        location = f"{other.url}/v1/payment_intents"
        stripe.answer = lambda _: http(status, "", location=location)
        failed(StripeError, go, host, *PAY, connection=stripe.connection)
    assert [spelled("Authorization: Bearer {key}\r\n") in head for head in stripe.seen] == [True]
    assert other.seen == []


@BOTH
def test_a_proxy_gets_nothing_for_loopback(
    go: Go, stripe: Stripe, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes to this machine in plain text passes no proxy."""
    stripe.answer = lambda _: http(200, payment())
    with listening(lambda _: http(200, {})) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        go(host, *PAY, connection=stripe.connection)
    assert (len(stripe.seen), proxy.seen) == (1, [])


@BOTH
def test_a_proxy_that_hangs_up(go: Go, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is asked for a tunnel, without the key; its own password is told as little."""
    with listening(lambda _: b"") as proxy:
        monkeypatch.setenv("https_proxy", spelled(f"http://user:{{body}}@127.0.0.1:{proxy.port}"))
        monkeypatch.setenv("no_proxy", "")
        failed(ConnectionFailed, go, host, *PAY, connection=Connection(KEY))
    assert proxy.seen
    check(proxy.seen)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts."""
    return trustme.CA()


@pytest.fixture
def secured(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stripe]:
    """A server with a certificate of that authority."""
    monkeypatch.setenv("NO_PROXY", "localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    with listening(lambda _: http(200, {"id": "prod_1"}), context) as server:
        yield server


RUN_THERE = """
import asyncio
from stripe_nodes import CreateProduct
from stripe_plugin import AsyncClient, Client, Connection, Policy

plan, once = CreateProduct(name="Plan"), Policy(retries=0)

async def with_asyncio():
    async with AsyncClient(Connection.from_env(), once) as client:
        return await client.run(plan)

def plainly():
    with Client(Connection.from_env(), once) as client:
        return client.run(plan)

for run in (plainly, lambda: asyncio.run(with_asyncio())):
    try:
        print(run().output["id"])
    except Exception as error:
        print(error)
"""
OFF = {
    **dict.fromkeys(["PYTHONHTTPSVERIFY", "NODE_TLS_REJECT_UNAUTHORIZED", "SSL_VERIFY"], "0"),
    **dict.fromkeys(["HTTPX_VERIFY", "HTTPX_SSL_VERIFY", "STRIPE_VERIFY_SSL_CERTS"], "false"),
    **dict.fromkeys(["CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"], ""),
}
UNTRUSTED = "certificate verify failed: unable to get local issuer certificate"


def run_there(place: Stripe, home: Path, **environ: str) -> list[str]:
    """What both clients say, in a process of their own."""
    where = {"STRIPE_API_KEY": KEY.reveal(), "STRIPE_API_BASE": place.url}
    told = python(RUN_THERE, home, **where, **environ).splitlines()
    check(told)
    return told


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        (OFF, UNTRUSTED),
        ({"SSL_CERT_DIR": "/dev/null"}, UNTRUSTED),
        ({"SSL_CERT_FILE": "/dev/null"}, "no certificate"),
    ],
    ids=lambda it: ",".join(it) if isinstance(it, dict) else "",
)
def test_no_environment_turns_verification_off(
    environ: dict[str, str], said: str, secured: Stripe, tmp_path: Path
) -> None:
    """A certificate that nobody vouches for ends the run before anything is sent."""
    assert [said in line for line in run_there(secured, tmp_path, **environ)] == [True, True]
    assert secured.seen == []


def test_a_company_may_vouch_for_itself(
    secured: Stripe, authority: trustme.CA, tmp_path: Path
) -> None:
    """SSL_CERT_FILE names who is trusted instead."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    told = run_there(secured, tmp_path, SSL_CERT_FILE=str(tmp_path / "ca.pem"))
    assert (told, len(secured.seen)) == (["prod_1", "prod_1"], 2)


@BOTH
def test_a_certificate_that_is_not_trusted(go: Go, secured: Stripe, host: Host) -> None:
    """A failure of TLS tells no secret."""
    error = failed(ConnectionFailed, go, host, *PAY, connection=secured.connection)
    assert UNTRUSTED in str(error)
    assert secured.seen == []


@pytest.mark.parametrize("made", [Client, AsyncClient, Connection, Policy, RunContext, Host.load])
def test_no_option_turns_verification_off(made: Any) -> None:
    """Nothing that a caller can say is about TLS, redirects or proxies."""
    words = " ".join(inspect.signature(made).parameters)
    assert not re.search("verif|ssl|tls|cert|secure|trust|redirect|follow|proxy|http", words)


# --- what is kept in the repository ---------------------------------------------------------------

KEPT = [
    file
    for pattern in ("examples/*", "manifests/**/*.json", "nodes/**/*.*", "plugin/**/*.py", "*.*")
    for file in sorted(REPOSITORY.glob(pattern))
    if file.suffix in {".json", ".md", ".py", ".toml", ".yaml"}
]


def test_nothing_that_is_kept_looks_like_a_secret() -> None:
    """Manifests, examples, documents and code hold none; of cassettes, test_cassettes tells."""
    assert len(KEPT) > 80
    for file in KEPT:
        text = file.read_text("utf-8").replace("sk_test_emulator", "")  # the emulator takes any
        assert masked(text) == text, file


@pytest.mark.parametrize(
    "secret",
    [
        "pi_3Abc_secret_X1y2",
        "seti_1Abc_secret_X1y2",
        "cs_test_a1B2_secret_X1y2",
        "src_1Abc_client_secret_X1y2",
        "cuss_secret_X1y2",
        "accs_secret__X1y2",
    ],
)
def test_every_form_of_a_client_secret_is_cut(secret: str) -> None:
    """Client secrets of all of Stripe's objects are cut, whatever stands around them."""
    for text in (secret, f"see {secret}!", json.dumps({"a": secret})):
        assert "X1y2" not in masked(text)

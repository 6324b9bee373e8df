"""What tests of doors share: an offer that is served on real sockets, and a Stripe that refuses."""

import json
import socket
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs
import httpx
import uvicorn

from stripe_emulator import Answer, Emulator
from stripe_emulator.server import serve
from stripe_hosts.accounts import Accounts
from stripe_hosts.offer import Offer
from stripe_hosts.safety import Terms
from stripe_hosts.serve import Place, address_of, application, server
from stripe_plugin import Connection, Host
from stripe_plugin.secrets import Secret

TOKEN = "a-token-that-nobody-guesses"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@attrs.frozen
class Served:
    """A server that answers: where, and by which token."""

    url: str
    offer: Offer
    server: uvicorn.Server

    def tasks(self) -> int:
        """How many requests it is at work on, and what they have started."""
        return len(self.server.server_state.tasks)

    def client(self, headers: Mapping[str, str] = BEARER, **more: Any) -> httpx.Client:
        """A client that knows the token."""
        return httpx.Client(base_url=self.url, headers=dict(headers), trust_env=False, **more)


@contextmanager
def serving(offer: Offer, origins: Collection[str] = ()) -> Iterator[Served]:
    """The offer, served on a free port while this lasts."""
    terms = Terms(Secret(TOKEN), origins=origins)
    running = server(application(offer, terms))
    with Place().listening() as listener:
        thread = threading.Thread(target=_run, args=(running, listener))
        thread.start()
        try:
            yield Served(address_of(listener), offer, running)
        finally:
            running.should_exit = True
            thread.join()


def _run(running: uvicorn.Server, listener: socket.socket) -> None:
    running.run(sockets=[listener])


def offered(host: Host | None = None, **connections: Connection) -> Offer:
    """All actions, on these accounts by name."""
    return Offer(host=host or Host.load(), accounts=Accounts(connections))


class Refusing(Emulator):
    """A Stripe that says the same to everything."""

    def __init__(self, status: int, **error: Any) -> None:
        super().__init__()
        at_once = {"Stripe-Should-Retry": "false"}
        self._answer = Answer.of(status, {"error": error}, at_once)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Refuse."""
        return self._answer

    def connection(self) -> Connection:
        """A connection to it."""
        return Connection("sk_test_emulator", in_process=self)


class Restricted(Emulator):
    """Stripe, as a restricted key meets it that may not read some things."""

    def __init__(self, *paths: str) -> None:
        super().__init__()
        self.paths = paths
        self.asked: list[str] = []

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Refuses as Stripe does."""
        self.asked.append(f"{method} {target}")
        answer = super().answer(method, target, headers, body)
        if not target.startswith(self.paths):
            return answer
        error = {"type": "invalid_request_error", "message": "The key may not do that."}
        text = json.dumps({"error": error}).encode()
        return Answer(403, {**answer.headers, "Content-Length": str(len(text))}, text)


@contextmanager
def failing() -> Iterator[Offer]:
    """An account that works, one whose key lacks something, and one for each refusal of all.

    What a key may do is asked on a socket: an emulator in this process permits everything.
    """
    wrong_key = Refusing(401, type="invalid_request_error", message="Invalid API Key provided")
    broken = Refusing(500, type="api_error", message="An unknown error occurred")
    with serve(wrong_key) as refusing, serve(Restricted("/v1/prices")) as restricting:
        yield offered(
            shop=Connection.emulator(),
            wrong_key=Connection("sk_test_wrong", base_url=refusing.url),
            restricted=Connection("rk_test_few", base_url=restricting.url),
            broken=broken.connection(),
        )

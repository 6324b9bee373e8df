"""How do both doors stand behind one address? One ASGI application, and the server that runs it."""

import ipaddress
import os
import secrets
import socket
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import asynccontextmanager

import attrs
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from stripe_hosts.http import HANDLERS, Door
from stripe_hosts.mcp_door.over_http import OverHttp
from stripe_hosts.offer import Offer
from stripe_hosts.safety import LOOPBACK, Terms, guarded
from stripe_plugin.errors import UsageError
from stripe_plugin.secrets import Secret, shown

TOKEN = "STRIPE_NODES_TOKEN"  # noqa: S105 - the variable's name
TOKEN_BYTES = 24
IDLE_SECONDS = 75  # longer than clients keep a connection: none finds it closed under its hands
SAY_SO = "Say so with --public"
GIVE_A_TOKEN = f"Give it a token of your own in {TOKEN}: one that is made at each start is printed"


@attrs.frozen(kw_only=True)
class Place:
    """Where it is served, and under which names. Raises `UsageError` if that is not safe."""

    address: str = "127.0.0.1"
    port: int = 0  # 0: a free one
    public: bool = False  # others than this machine may come
    hostname: Collection[str] = ()  # names that it goes by, beside the address and loopback's
    origin: Collection[str] = ()  # of web pages that may call it

    def check(self, environ: Mapping[str, str]) -> None:
        """Refuses what others could reach, unless that is said, and a token given."""
        if _is_loopback(self.address):
            return
        where = f"Others than this machine could reach {self.address}."
        if not self.public:
            raise UsageError(f"{where} {SAY_SO}, and put TLS before it.")
        if TOKEN not in environ:
            raise UsageError(f"{where} {GIVE_A_TOKEN}.")

    def terms(self, token: Secret) -> Terms:
        """On what terms a request comes in here."""
        names = (*LOOPBACK, self.address, *self.hostname)
        return Terms(token, names, self.origin)

    def listening(self) -> socket.socket:
        """The socket, which takes connections from now on."""
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        try:
            return socket.create_server((self.address, self.port), family=family)
        except OSError as error:
            where = f"{self.address}, port {self.port},"
            raise UsageError(f"{where} cannot be had: {error.strerror or error}.") from None


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        must = "be an IP address, such as 127.0.0.1"
        raise UsageError(f"The address must {must}; got {shown(address)}.") from None


def address_of(listener: socket.socket) -> str:
    """Where a client finds it."""
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def token(environ: Mapping[str, str] | None = None) -> tuple[Secret, bool]:
    """The token of STRIPE_NODES_TOKEN, or one that is made now; and whether it was made."""
    found = os.environ if environ is None else environ
    given = Secret(found.get(TOKEN, "")) if TOKEN in found else None
    if given is None:
        return Secret(secrets.token_urlsafe(TOKEN_BYTES)), True
    if not given.reveal().strip():
        raise UsageError(f"{TOKEN} is set but empty: unset it, or give it a value.")
    return given, False


def application(offer: Offer, terms: Terms) -> ASGIApp:
    """The doors of an offer, behind what guards both."""
    tools = OverHttp(offer)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with offer.host, tools.running():  # runs leave their connections to the next
            yield

    doors = Starlette(
        routes=[*Door(offer).routes(), *tools.routes()],
        lifespan=lifespan,
        exception_handlers=HANDLERS,
    )
    doors.router.redirect_slashes = False
    return guarded(doors, terms)


class Server(uvicorn.Server):
    """What serves an application; at its end it tells how many requests are on their way."""

    def __init__(self, config: uvicorn.Config, waiting: Callable[[int], None]) -> None:
        super().__init__(config)
        self._waiting = waiting

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets nobody new in, and waits for them."""
        if count := len(self.server_state.tasks):
            self._waiting(count)
        await super().shutdown(sockets)


def _silently(_: int) -> None:
    """Tells nobody."""


def server(app: ASGIApp, waiting: Callable[[int], None] = _silently) -> Server:
    """What serves it by `run(sockets=[…])`, until SIGINT or SIGTERM.

    Then nobody new comes in, and what is on its way arrives: `waiting` is told how many those are.
    """
    config = uvicorn.Config(
        app,
        access_log=False,
        http="h11",
        lifespan="on",
        log_config=None,
        loop="asyncio",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        ws="none",
    )
    return Server(config, waiting)

"""Who may come in? What stands before both doors: name, origin, token, JSON, size, and the log.

Pure ASGI, one question a class, from the outside inwards. A web page cannot call the server, not
even under a name of its own that leads here (DNS rebinding): such a request has that name as its
Host, and one across origins has an Origin.
"""

import hmac
import logging
import re
import time
from collections.abc import Collection

import attrs
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stripe_hosts.problem import NotServed, refused, unexpected
from stripe_plugin.client.network import within
from stripe_plugin.errors import UsageError
from stripe_plugin.secrets import Secret, said, shown

logger = logging.getLogger("stripe_hosts")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_BYTES = 1_000_000  # of a body
MOST_READ = 10 * MOST_BYTES  # of one that is refused
TWO_LENGTHS = (
    "The headers Content-Length and Transfer-Encoding are both there: send one, as the two may"
    " say that the body ends elsewhere."
)
CLOSE = {"Connection": "close"}
BODY_SECONDS = 30.0
HOST = re.compile(r"(?:\[([^\]]*)\]|([^:]*))(?::\d*)?")
WHOLE = re.compile(r"/?https?://([^/]*)(/.*)?", re.IGNORECASE)
BEARER = re.compile(r"bearer +(\S+)\s*", re.IGNORECASE)
USABLE_TOKEN = re.compile(r"[\x21-\x7e]{16,500}")
ORIGIN = re.compile(r"https?://[^/\s@*]+")
ASKED_BY_PAGES = (
    *("Authorization", "Content-Type", "Idempotency-Key", "Prefer", "Stripe-Nodes-Manifest"),
    *("Mcp-Protocol-Version", "Mcp-Session-Id", "Mcp-Method", "Mcp-Name", "Last-Event-Id"),
)
READ_BY_PAGES = ("Preference-Applied", "Mcp-Session-Id")
# Of which a request has one: of two, one would be ignored.
ONCE = (
    *("Authorization", "Content-Type", "Host", "Idempotency-Key", "Origin"),
    "Stripe-Nodes-Manifest",
)


@attrs.frozen
class Terms:
    """On what terms a request comes in. Raises `UsageError` for those that make no sense."""

    token: Secret
    hostnames: Collection[str] = LOOPBACK
    origins: Collection[str] = ()  # of web pages, as in https://app.example

    def __attrs_post_init__(self) -> None:
        if not USABLE_TOKEN.fullmatch(self.token.reveal()):
            must = "16–500 visible ASCII characters, so that nobody guesses it"
            raise UsageError(f"The token must be {must}.")
        for origin in self.origins:
            if not ORIGIN.fullmatch(origin):
                such_as = "https://app.example, without a path"
                raise UsageError(f"An origin is such as {such_as}; got {shown(origin)}.")


def guarded(app: ASGIApp, terms: Terms) -> ASGIApp:
    """The application, behind everything in here."""
    inner: ASGIApp = _Admitting(app, terms.token)
    if terms.origins:
        inner = CORSMiddleware(
            inner,
            allow_origins=[*terms.origins],
            allow_methods=("GET", "POST"),
            allow_headers=ASKED_BY_PAGES,
            expose_headers=READ_BY_PAGES,
        )
    return addressed(inner, terms)


def addressed(app: ASGIApp, terms: Terms) -> ASGIApp:
    """The application by its own names, for pages of its own, with a log; it asks for no token."""
    return _Logging(_Addressed(app, terms))


class _Logging:
    """A line for each request: method, path, status, duration. Never its query, headers, body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == "/health":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as error:  # noqa: BLE001 - a plugin's, a library's, or a fault of ours
            _log_failure(scope, error)
            if not status:
                await unexpected(error)(scope, receive, noted)
        finally:
            _log(scope, status, time.monotonic() - began)


def _log_failure(scope: Scope, error: Exception) -> None:
    path = shown(scope["path"])
    logger.error("%s ended with something unexpected: %s", path, said(error))


def _log(scope: Scope, status: int, seconds: float) -> None:
    facts = {
        "method": scope["method"],
        "path": shown(scope["path"]),
        "status": status,
        "duration": seconds,
    }
    logger.info("%s %s %s in %.3f s", *facts.values(), extra=facts)


class _Addressed:
    """Answers only to its own names, and no page of an origin that is not named."""

    def __init__(self, app: ASGIApp, terms: Terms) -> None:
        self._app = app
        self._origins = {*terms.origins}
        self._hostnames = {name.lower() for name in terms.hostnames}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope, authority = _with_path(scope)
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == "/health":  # whoever looks whether it lives knows no name or token
            await PlainTextResponse("ok\n")(scope, receive, send)
        elif wrong := self._wrong(Headers(scope=scope), authority):
            await refused(wrong)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _wrong(self, headers: Headers, authority: str | None) -> NotServed | None:
        for host in (headers.get("host", ""), authority):
            if host is not None and not self._goes_by(host):
                text = f"This server does not go by the name {shown(host)}."
                return NotServed("foreign_host", text)
        origin = headers.get("origin")
        if origin is not None and origin not in self._origins:
            text = f"A web page of {shown(origin)} may not call this server."
            return NotServed("foreign_origin", text)
        return None

    def _goes_by(self, host: str) -> bool:
        found = HOST.fullmatch(host)
        name = (found[1] or found[2] or "") if found else ""
        return name.lower() in self._hostnames


def _with_path(scope: Scope) -> tuple[Scope, str | None]:
    """A request whose target is a whole address, as proxies send it, with its path alone.

    And the name in it, which counts as well as the one in the header.
    """
    found = WHOLE.fullmatch(scope.get("path", ""))
    if found is None:
        return scope, None
    path = found[2] or "/"
    return {**scope, "path": path, "raw_path": path.encode()}, found[1]


class _Admitting:
    """Lets in whoever has the token, with JSON of a size that can be read."""

    def __init__(self, app: ASGIApp, token: Secret) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            headers = Headers(scope=scope)
            self._check_token(headers)
            _check_once(headers)
            _check_type(scope["method"], headers)
            body = await body_of(headers, receive)
        except NotServed as wrong:
            await refused(wrong)(scope, receive, send)
        else:
            await self._app(scope, again(body, receive), send)

    def _check_token(self, headers: Headers) -> None:
        sent = headers.get("authorization")
        if sent is None:
            raise _no_token("There is no token: the header Authorization is missing.")
        found = BEARER.fullmatch(sent)
        if found is None:
            raise _no_token("The header Authorization must be Bearer, a space, and the token.")
        right = self._token.reveal().encode()
        if not hmac.compare_digest(found[1].encode("latin-1"), right):
            raise _no_token("The token is not the one of this server.", ', error="invalid_token"')


def _no_token(text: str, more: str = "") -> NotServed:
    return NotServed("no_token", text, {"WWW-Authenticate": f'Bearer realm="stripe-nodes"{more}'})


def _check_once(headers: Headers) -> None:
    for name in ONCE:
        if len(headers.getlist(name)) > 1:
            raise NotServed("malformed", f"The header {name} is there twice: send one.")
    if "content-length" in headers and "transfer-encoding" in headers:
        raise NotServed("malformed", TWO_LENGTHS, CLOSE)


def _check_type(method: str, headers: Headers) -> None:
    """A form of a web page can send other types across origins without being asked first."""
    kind = headers.get("content-type", "")
    plain, _, _ = kind.partition(";")
    if method != "POST" or plain.strip().lower() == "application/json":
        return
    got = f"it is {shown(kind)}" if kind else "it is missing"
    raise NotServed("media_type", f"The header Content-Type must be application/json; {got}.")


async def body_of(headers: Headers, receive: Receive) -> bytes:
    """All of it, read before anything is done."""
    announced = int(headers.get("content-length", "0"))
    if announced > MOST_READ or (announced > MOST_BYTES and "expect" in headers):
        raise _too_large()
    try:
        async with within(BODY_SECONDS):
            return await _read(receive)
    except TimeoutError:
        text = f"The body took longer than {BODY_SECONDS:g} seconds."
        raise NotServed("too_slow", text, CLOSE) from None


async def _read(receive: Receive) -> bytes:
    """A body. One that is somewhat too large is read as well: else nobody reads the refusal."""
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise NotServed("malformed", "The body ended before all of it had arrived.")
        part: bytes = message.get("body", b"")
        size += len(part)
        if size <= MOST_BYTES:
            parts.append(part)
        more = message.get("more_body", False) and size <= MOST_READ
    if size > MOST_BYTES:
        raise _too_large()
    return b"".join(parts)


def _too_large() -> NotServed:
    return NotServed("too_large", f"The body is longer than {MOST_BYTES:,} bytes.", CLOSE)


def again(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read; after it only what comes of the connection."""
    whole = {"type": "http.request", "body": body, "more_body": False}
    waiting: list[Message] = [whole]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again

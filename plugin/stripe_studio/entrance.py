"""Who may see the pages? The browser that came with the token once, and its cookie since.

Host, Origin, size and log are judged by `stripe_hosts.safety`, as at the other doors.
"""

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stripe_hosts.problem import NotServed
from stripe_hosts.safety import again, body_of
from stripe_plugin.secrets import Secret
from stripe_studio.drawing import drawn
from stripe_studio.forms import Pairs, pairs_of

FORM = "application/x-www-form-urlencoded"
OPEN = "/static/"  # what is the same for everybody
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # without any, a form's own origin would be told as null
    "X-Content-Type-Options": "nosniff",
}
KEPT_BY_NOBODY = {"Cache-Control": "no-store"}
NO_TOKEN = "Open the address that the terminal has printed: it brings the token along."  # noqa: S105
WRONG_TOKEN = "The token in this address is not the one of this studio: it was started again since."  # noqa: S105
BY_SCRIPT = "hx-request"  # of a page that is there already: what it holds must not be lost
DOOR = {"Studio-Door": "closed"}  # so that the page keeps what it holds, and tells the text
NO_FORM = "A form is sent as application/x-www-form-urlencoded."


class Entrance:
    """An ASGI application before the pages: token, cookie, and what browsers are told."""

    def __init__(self, app: ASGIApp, token: Secret, port: int) -> None:
        self._app, self._token = app, token
        self._name = f"stripe_nodes_studio_{port}"  # cookies know no ports
        key = token.reveal().encode()
        digest = hmac.new(key, b"studio", hashlib.sha256)
        self._cookie = digest.hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers at the door, or lets in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        outer = _telling(scope["path"], send)
        answer = self._at_the_door(scope, headers)
        if answer is not None:
            await answer(scope, receive, outer)
            return
        try:
            body = await body_of(headers, receive)
        except NotServed as wrong:
            await _said(str(wrong), 413, headers)(scope, receive, outer)
        else:
            await self._app(scope, again(body, receive), outer)

    def _at_the_door(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer to whoever does not come in, or only with a cookie."""
        if scope["path"].startswith(OPEN):
            return None
        query = pairs_of(scope["query_string"])
        tokens = [value for name, value in query if name == "token"]
        if tokens:
            rest = [pair for pair in query if pair[0] != "token"]
            return self._welcomed(tokens[0], headers, scope["path"], rest)
        if not self._is_known(headers):
            return _said(NO_TOKEN, 401, headers)
        is_form = _kind(headers) == FORM
        if scope["method"] == "POST" and not is_form:
            return _said(NO_FORM, 415, headers)
        return None

    def _welcomed(self, given: str, headers: Headers, path: str, rest: Pairs) -> Response:
        if not _same(given, self._token.reveal()):
            return _said(WRONG_TOKEN, 401, headers)
        here = "/" + path.lstrip("/")  # `//name` would be another host
        query = urlencode(rest)
        answer = RedirectResponse(f"{here}?{query}" if query else here, 303)
        answer.set_cookie(self._name, self._cookie, path="/", httponly=True, samesite="strict")
        return answer

    def _is_known(self, headers: Headers) -> bool:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        found = cookies.get(self._name)
        return found is not None and _same(found.value, self._cookie)


def _same(given: str, known: str) -> bool:
    """Compares in a time that tells nothing."""
    return hmac.compare_digest(given.encode(), known.encode())


def _kind(headers: Headers) -> str:
    """What a body says that it is; nothing said is a form."""
    said = headers.get("content-type", FORM)
    kind, _, _ = said.partition(";")
    return kind.strip().lower()


def _said(text: str, status: int, headers: Headers) -> Response:
    """A page, or the sentence alone for a page that is there."""
    if BY_SCRIPT in headers:
        return PlainTextResponse(text, status, DOOR)
    return drawn("door.html", {"text": text}, status)


def _telling(path: str, send: Send) -> Send:
    """Sends with each answer what a browser must not do with it."""

    async def telling(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if not path.startswith(OPEN):
                headers.update(KEPT_BY_NOBODY)
        await send(message)

    return telling

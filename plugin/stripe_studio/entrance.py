"""Who may see the pages? The browser that came with the token once, and its cookie since.

Host, Origin, size and log are judged by `stripe_hosts.safety`, as at the other doors.
"""

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stripe_hosts.problem import NotServed
from stripe_hosts.safety import again, body_of
from stripe_plugin.secrets import Secret
from stripe_studio.drawing import drawn

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
NO_FORM = "A form is sent as application/x-www-form-urlencoded."


class Entrance:
    """An ASGI application before the pages: token, cookie, and what browsers are told."""

    def __init__(self, app: ASGIApp, token: Secret, port: int) -> None:
        self._app, self._token = app, token
        self._name = f"stripe_nodes_studio_{port}"  # cookies know no ports
        key = token.reveal().encode()
        self._cookie = hmac.new(key, b"studio", hashlib.sha256).hexdigest()

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
            await _said(str(wrong), 413)(scope, receive, outer)
        else:
            await self._app(scope, again(body, receive), outer)

    def _at_the_door(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer to whoever does not come in, or only with a cookie."""
        if scope["path"].startswith(OPEN):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        tokens = [value for name, value in query if name == "token"]
        if tokens:
            rest = [(name, value) for name, value in query if name != "token"]
            return self._welcomed(tokens[0], scope["path"], urlencode(rest))
        if not self._is_known(headers):
            return _said(NO_TOKEN, 401)
        kind, _, _ = headers.get("content-type", FORM).partition(";")
        if scope["method"] == "POST" and kind.strip().lower() != FORM:
            return _said(NO_FORM, 415)
        return None

    def _welcomed(self, given: str, path: str, query: str) -> Response:
        if not hmac.compare_digest(given.encode(), self._token.reveal().encode()):
            return _said(WRONG_TOKEN, 401)
        here = "/" + path.lstrip("/")  # `//name` would be another host
        answer = RedirectResponse(f"{here}?{query}" if query else here, 303)
        answer.set_cookie(self._name, self._cookie, path="/", httponly=True, samesite="strict")
        return answer

    def _is_known(self, headers: Headers) -> bool:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        found = cookies.get(self._name)
        if found is None:
            return False
        return hmac.compare_digest(found.value.encode(), self._cookie.encode())


def _said(text: str, status: int) -> HTMLResponse:
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

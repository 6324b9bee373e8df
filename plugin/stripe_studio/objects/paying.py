"""Where do the addresses in objects lead? To the emulator's own pages, in here."""

import hashlib
from base64 import b64encode
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stripe_emulator import pay
from stripe_studio.drawing import drawn
from stripe_studio.studio import Studio

_DIGEST = hashlib.sha256(pay.STYLE.encode())
_STYLE = b64encode(_DIGEST.digest()).decode()
# What such a page may do: have its own style, and send its form back here.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE}'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
# Pages that Stripe would have of an object: here that is the object's own.
OTHERS = (
    "/authenticate/{id}",
    "/credit_notes/{id}/pdf",
    "/invoices/{id}",
    "/invoices/{id}/pdf",
    "/receipts/{id}",
)
# Pages that the emulator has.
OWN = ("/buy/{id}", "/pay/{id}", "/portal/{id}")
METHODS = ("GET", "POST")


class Paying:
    """The pages that links in objects lead to."""

    def __init__(self, studio: Studio, address: str) -> None:
        self._studio = studio
        self._emulator = studio.emulator
        if self._emulator is not None:
            self._emulator.base_url = address

    def routes(self) -> list[Route]:
        """Where each is found."""
        if self._emulator is None:
            return []
        own = [Route(path, self.pay, methods=METHODS) for path in OWN]
        return own + [Route(path, self.other) for path in OTHERS]

    async def pay(self, request: Request) -> Response:
        """The page, or what its buttons do."""
        body = await request.body()
        return await run_in_threadpool(self._paid, request, body)

    def _paid(self, request: Request, body: bytes) -> Response:
        path = request.url.path
        if self._emulator is None or not pay.PATH.fullmatch(path):
            raise HTTPException(404)
        sent = request.headers.get("content-type", "")
        headers = {"Content-Type": sent}
        answer = self._emulator.answer(request.method, path, headers, body)
        target = answer.headers.get("Location", "/")
        if not target.startswith("/"):
            return self._onwards(request, target)
        told = {**answer.headers, "Content-Security-Policy": POLICY}
        return Response(answer.body, answer.status, told)

    def _onwards(self, request: Request, target: str) -> Response:
        """Where Stripe would send the buyer: a page of the shop's, which need not be there."""
        page = self._studio.page("Onwards", "objects", target=target, id=request.path_params["id"])
        return drawn("onwards.html", page)

    def other(self, request: Request) -> Response:
        """The object itself."""
        identity = request.path_params["id"]
        return RedirectResponse(f"/objects/{quote(identity, safe='')}", 303)

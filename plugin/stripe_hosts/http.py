"""How is an action run by whoever can send JSON? By `POST /actions/{id}/runs`."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stripe_hosts.asked import asked
from stripe_hosts.offer import Offer
from stripe_hosts.problem import (
    Json,
    NotServed,
    described,
    node_error,
    not_served,
    refused,
    unexpected_error,
)
from stripe_plugin.errors import NodeError
from stripe_plugin.host.advice import describe_errors
from stripe_plugin.host.manifest import describe_connection
from stripe_plugin.secrets import shown

Handler = Callable[[Request, Exception], Awaitable[Response]]


class Door:
    """The endpoints of an offer."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer

    def routes(self) -> list[Route]:
        """Where each is found."""
        return [
            Route("/about", self.about),
            Route("/actions", self.actions),
            Route("/actions/{id}", self.action),
            Route("/actions/{id}/runs", self.run, methods=["POST"]),
            Route("/connection", self.connection),
            Route("/options", self.options),
            Route("/errors", self.errors),
        ]

    async def about(self, _: Request) -> Response:
        """What runs here, and the accounts."""
        return Json(self._offer.about())

    async def actions(self, _: Request) -> Response:
        """An entry for each action."""
        return Json(self._offer.catalog())

    async def action(self, request: Request) -> Response:
        """The manifest of one."""
        return Json(self._offer.manifest(request.path_params["id"]))

    async def connection(self, _: Request) -> Response:
        """What a connection is made of; those of this server are settled."""
        return Json(describe_connection())

    async def options(self, _: Request) -> Response:
        """What every run may be told beside its inputs."""
        return Json(self._offer.host.options())

    async def errors(self, _: Request) -> Response:
        """What can go wrong, and what to do about it."""
        return Json({**describe_errors(), "kinds": described()})

    async def run(self, request: Request) -> Response:
        """Stripe's answer, whole: who calls is a program that sends it on."""
        action_id = request.path_params["id"]
        self._offer.entry(action_id)
        wanted = asked(await request.body(), request.headers)
        connection = self._offer.accounts.of(wanted.account)
        result = await self._offer.host.arun(
            action_id,
            wanted.inputs,
            options=wanted.options,
            connection=connection,
            context=wanted.context,
        )
        headers = {"Preference-Applied": f"wait={wanted.wait}"} if wanted.wait else None
        return Json(result.plain(), headers=headers)


async def _no_such_route(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: a path, or a method."""
    refusal = cast("HTTPException", error)
    path = shown(request.url.path)
    if refusal.status_code == 405:
        text = f"{path} does not have the method {shown(request.method)}."
        return refused(NotServed("method", text, refusal.headers))
    return refused(NotServed("not_found", f"There is no {path} here."))


HANDLERS: dict[Any, Handler] = {
    NodeError: node_error,
    NotServed: not_served,
    HTTPException: _no_such_route,
    Exception: unexpected_error,
}

"""How is an action run by whoever can send JSON? By `POST /actions/{id}/runs`."""

from asyncio import to_thread
from collections.abc import Awaitable, Callable
from typing import Any, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stripe_hosts import openapi
from stripe_hosts.asked import (
    Asked,
    asked,
    asked_by_inputs,
    asked_for_endpoint,
    asked_to_check,
    asked_to_choose,
    asked_to_list,
    check_none,
    once_in,
    received,
)
from stripe_hosts.offer import Entry, Offer
from stripe_hosts.problem import (
    Json,
    NotServed,
    described,
    node_error,
    not_served,
    refused,
    unexpected_error,
)
from stripe_hosts.streamed import streamed
from stripe_plugin.errors import NodeError
from stripe_plugin.host.advice import describe_errors
from stripe_plugin.host.discovery import MANIFEST_VERSION
from stripe_plugin.host.manifest import describe_connection
from stripe_plugin.secrets import shown

# The header by which a caller may say for which `manifest_version` of `GET /about` it was made.
MADE_FOR = "Stripe-Nodes-Manifest"
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
            Route("/actions/{id}", self.action, methods=["GET", "POST"]),
            Route("/actions/{id}/runs", self.run, methods=["POST"]),
            Route("/actions/{id}/entries", self.entries, methods=["POST"]),
            Route("/actions/{id}/choices", self.choices, methods=["POST"]),
            Route("/endpoint", self.endpoint),
            Route("/check", self.check, methods=["POST"]),
            Route("/connection", self.connection),
            Route("/options", self.options),
            Route("/errors", self.errors),
            Route("/resources", self.resources),
            Route("/openapi.json", self.openapi),
        ]

    async def about(self, _: Request) -> Response:
        """What runs here, and the accounts."""
        return Json(self._offer.about())

    async def actions(self, _: Request) -> Response:
        """An entry for each action."""
        return Json(self._offer.catalog())

    async def action(self, request: Request) -> Response:
        """The manifest of one; a POST of its inputs runs it."""
        entry = self._entry(request)
        if request.method == "POST":
            query = request.query_params.multi_items()
            wanted = asked_by_inputs(await request.body(), query, received(request.headers))
            return await self._ran(entry["id"], wanted)
        return Json(self._offer.manifest(entry["id"]))

    async def endpoint(self, request: Request) -> Response:
        """The form of an endpoint of Stripe's, by the method and path in the query."""
        query = asked_for_endpoint(request.query_params.multi_items())
        return Json(await to_thread(self._offer.host.endpoint_form, **query))

    async def check(self, request: Request) -> Response:
        """What the key of an account may do, of what the actions need that are offered."""
        check_none(request.query_params.multi_items())
        account, actions = asked_to_check(await request.body())
        found = await to_thread(self._offer.check, account, actions)
        return Json(found.as_dict())

    async def connection(self, _: Request) -> Response:
        """What a connection is made of; those of this server are settled."""
        return Json(describe_connection())

    async def options(self, _: Request) -> Response:
        """What every run may be told beside its inputs."""
        return Json(self._offer.host.options())

    async def errors(self, _: Request) -> Response:
        """What can go wrong, and what to do about it."""
        return Json({**describe_errors(), "kinds": described()})

    async def resources(self, _: Request) -> Response:
        """The resources that the actions are about, or refer to."""
        return Json(await to_thread(self._offer.resources))

    async def openapi(self, request: Request) -> Response:
        """All actions in OpenAPI, of the version that `?version=` names."""
        query = once_in(request.query_params.multi_items())
        server = str(request.base_url).removesuffix("/")
        return Json(await to_thread(openapi.document, self._offer, server, query))  # takes long

    async def run(self, request: Request) -> Response:
        """A run that a body of inputs, options and names asks for."""
        entry = self._entry(request)
        check_none(request.query_params.multi_items())
        wanted = asked(await request.body(), received(request.headers))
        return await self._ran(entry["id"], wanted)

    async def entries(self, request: Request) -> Response:
        """The entries of a list to its end, a line of JSON each."""
        entry = self._entry(request)
        check_none(request.query_params.multi_items())
        wanted, bounds = asked_to_list(await request.body(), received(request.headers))
        entries = self._offer.host.iterate(
            entry["id"],
            wanted.inputs,
            options=wanted.options,
            connection=self._offer.accounts.of(wanted.account),
            context=wanted.context,
            **bounds,
        )
        return await streamed(entries, _applied(wanted))

    async def choices(self, request: Request) -> Response:
        """The objects that can be chosen in a row that takes an ID."""
        entry = self._entry(request)
        account, wanted = asked_to_choose(await request.body())
        wanted["connection"] = self._offer.accounts.of(account)
        found = await self._offer.host.achoices(entry["id"], **wanted)
        return Json(found.as_dict())

    def _entry(self, request: Request) -> Entry:
        check_version(request.headers.get(MADE_FOR))
        return self._offer.entry(request.path_params["id"])

    async def _ran(self, action_id: str, wanted: Asked) -> Response:
        """Stripe's answer, whole: who calls is a program that sends it on."""
        result = await self._offer.host.arun(
            action_id,
            wanted.inputs,
            options=wanted.options,
            connection=self._offer.accounts.of(wanted.account),
            context=wanted.context,
        )
        return Json(result.plain(), headers=_applied(wanted))


def _applied(wanted: Asked) -> dict[str, str] | None:
    """Which of the caller's preferences were followed."""
    return {"Preference-Applied": f"wait={wanted.wait}"} if wanted.wait else None


def check_version(made_for: str | None) -> None:
    """Refuses a caller whose forms are of manifests that are not these."""
    if made_for not in (None, str(MANIFEST_VERSION)):
        text = f"The caller was made for manifests of version {shown(made_for)}; these are of"
        raise NotServed("other_version", f"{text} version {MANIFEST_VERSION}.")


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

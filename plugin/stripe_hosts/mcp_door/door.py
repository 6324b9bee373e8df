"""What does the server answer? Tools and pages, in the protocol's own JSON."""

import logging
from asyncio import CancelledError, Task, create_task, shield, wait
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from stripe_hosts.mcp_door.answer import MODES, failure, sendable, success, unexpected
from stripe_hosts.mcp_door.bounded import bounded
from stripe_hosts.mcp_door.call import DEADLINE, Call, call
from stripe_hosts.mcp_door.page import ADDRESS, MARKDOWN, listed, page
from stripe_hosts.mcp_door.tool import OPTIONS_ABOUT, Own, Toolmaker
from stripe_hosts.offer import NotOffered, Offer
from stripe_plugin.client.connection import Connection
from stripe_plugin.declare.options import Options
from stripe_plugin.errors import NodeError
from stripe_plugin.host.box import boxes
from stripe_plugin.host.tool import tool_schema
from stripe_plugin.run.result import Result
from stripe_plugin.secrets import said, shown

logger = logging.getLogger("stripe_hosts")
Data = dict[str, Any]
Params = Mapping[str, Any]
INSTRUCTIONS = (
    "Each tool is one action of Stripe's API. Errors name inputs by their titles. Give every call"
    " that changes something an idempotency_key of its own: if no answer comes, call again with"
    f" the same, and it is executed only once. A call ends after {DEADLINE} seconds, or after the"
    " seconds of options.deadline. An answer is Stripe's object, whole: schemas of answers name the"
    " fields that are asked for most. The resources describe inputs and answers in full."
)

TAKEN_BACK = (
    "The client took back its call of %s, which goes on: called again with the same"
    " idempotency_key, it is executed only once."
)


class Door:
    """The tools and pages of an offer; each method answers one method of the protocol."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        self._accounts = offer.accounts.named
        self._at_work = set[Task[Data]]()

    @property
    def instructions(self) -> str:
        """What a model is told before it sees a tool."""
        modes = [MODES[mode] for mode in self._modes]
        return " ".join([INSTRUCTIONS, *modes])

    @property
    def _modes(self) -> list[str]:
        """Those of the accounts, each once."""
        modes = [account.mode for account in self._accounts.values()]
        return [*dict.fromkeys(modes)]

    async def list_tools(self, _: Params) -> Data:
        """A tool for each action that is offered."""
        return {"tools": self._tools}

    @cached_property
    def _tools(self) -> list[Data]:
        host = self._offer.host
        make = Toolmaker(
            options=tool_schema(OPTIONS_ABOUT, boxes(Options.table)),
            accounts=[*self._accounts],
            open_world=self._modes != ["emulated"],
        )
        offered = self._offer.catalog()
        return [make.tool(host.manifest(entry["id"])) for entry in offered]

    async def call_tool(self, params: Params) -> Data:
        """What came of a call. An error is an answer, too, which a model can read and mend.

        A call that is taken back goes on: Stripe may have executed it, so it is not left half done.
        """
        task = create_task(self._answer(params))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        try:
            return sendable(await shield(task))
        except CancelledError:
            logger.warning(TAKEN_BACK, shown(params["name"]))
            raise

    async def settled(self) -> None:
        """Waits for the calls that were taken back."""
        if self._at_work:
            await wait([*self._at_work])

    async def _answer(self, params: Params) -> Data:
        try:
            manifest = self._offer.manifest(params["name"])
            own = Own.of(manifest, self._accounts)
            asked = call(params.get("arguments") or {}, manifest, own)
            connection = self._offer.accounts.of(asked.account)
        except NodeError as error:
            return failure(error, self._only_mode)
        mode = connection.mode
        try:
            result = await self._ran(manifest, asked, connection)
        except NodeError as error:
            return failure(error, mode, own)
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises
            _log(manifest["id"], error)
            return unexpected(error, mode)
        whole = self._offer.client_secrets
        return success(result, manifest["name"], asked.key, whole=whole)

    async def _ran(self, manifest: Params, asked: Call, connection: Connection) -> Result:
        return await self._offer.host.arun(
            manifest["id"],
            bounded(self._offer.host.action(manifest["id"]).spec, asked.inputs),
            options=asked.options,
            connection=connection,
            context=asked.context,
        )

    @property
    def _only_mode(self) -> str | None:
        """The mode, if a call cannot choose among accounts."""
        return self._modes[0] if len(self._modes) == 1 else None

    async def list_resources(self, _: Params) -> Data:
        """The page of each action."""
        pages = [listed(entry) for entry in self._offer.catalog()]
        return {"resources": pages}

    async def read_resource(self, params: Params) -> Data:
        """The page of one. Raises `UsageError` if there is none at this address."""
        uri = params["uri"]
        if not uri.startswith(ADDRESS):
            raise NotOffered(f"There is no page {shown(uri)} here: pages begin with {ADDRESS}")
        text = page(self._offer.manifest(uri.removeprefix(ADDRESS)))
        found = {"uri": uri, "mimeType": MARKDOWN, "text": text}
        return {"contents": [found]}


def _log(action_id: str, error: Exception) -> None:
    logger.error("%s ended with something unexpected: %s", action_id, said(error))

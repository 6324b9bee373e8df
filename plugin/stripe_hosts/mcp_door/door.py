"""What does the server answer? Tools and pages, in the protocol's own JSON."""

import logging
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from stripe_hosts.mcp_door.answer import MODES, failure, success, unexpected
from stripe_hosts.mcp_door.call import DEADLINE, call
from stripe_hosts.mcp_door.page import ADDRESS, MARKDOWN, listed, page
from stripe_hosts.mcp_door.tool import Own, Toolmaker
from stripe_hosts.offer import NotOffered, Offer
from stripe_plugin.client.connection import Connection
from stripe_plugin.declare.options import Options
from stripe_plugin.errors import NodeError
from stripe_plugin.host.box import boxes
from stripe_plugin.host.tool import tool_schema
from stripe_plugin.secrets import said, shown

logger = logging.getLogger("stripe_hosts")
Data = dict[str, Any]
Params = Mapping[str, Any]
INSTRUCTIONS = (
    "Each tool is one action of Stripe's API. Errors name inputs by their titles. Give every call"
    " that changes something an idempotency_key of its own: if no answer comes, call again with"
    f" the same, and it is executed only once. A call ends after {DEADLINE} seconds, or after the"
    " seconds of options.deadline. The resources describe the inputs in full."
)


class Door:
    """The tools and pages of an offer; each method answers one method of the protocol."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        self._accounts = offer.accounts.named

    @property
    def instructions(self) -> str:
        """What a model is told before it sees a tool."""
        modes = dict.fromkeys(each.mode for each in self._accounts.values())
        return " ".join([INSTRUCTIONS, *(MODES[mode] for mode in modes)])

    async def list_tools(self, _: Params) -> Data:
        """A tool for each action that is offered."""
        return {"tools": self._tools}

    @cached_property
    def _tools(self) -> list[Data]:
        host = self._offer.host
        make = Toolmaker(
            options={row["name"]: row for row in host.options()["inputs"]},
            options_schema=tool_schema("", boxes(Options.table))["properties"],
            accounts=[*self._accounts],
            open_world=any(each.mode != "emulated" for each in self._accounts.values()),
        )
        return [make.tool(host.manifest(entry["id"])) for entry in self._offer.catalog()]

    async def call_tool(self, params: Params) -> Data:
        """What came of a call. An error is an answer, too, which a model can read and mend."""
        mode = self._only_mode
        try:
            manifest = self._offer.manifest(params["name"])
            asked = call(params.get("arguments") or {}, manifest, self._own(manifest))
            connection: Connection = self._offer.accounts.of(asked.account)
            mode = connection.mode
            result = await self._offer.host.arun(
                manifest["id"],
                asked.inputs,
                options=asked.options,
                connection=connection,
                context=asked.context,
            )
        except NodeError as error:
            return failure(error, mode)
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises
            logger.error(
                "%s ended with something unexpected: %s", shown(params["name"]), said(error)
            )
            return unexpected(error, mode)
        whole = self._offer.client_secrets
        return success(result, manifest["name"], asked.key, whole=whole)

    @property
    def _only_mode(self) -> str | None:
        """The mode, if a call cannot choose among accounts."""
        modes = {each.mode for each in self._accounts.values()}
        return modes.pop() if len(modes) == 1 else None

    def _own(self, manifest: Params) -> Own:
        return Own.of(manifest, self._accounts)

    async def list_resources(self, _: Params) -> Data:
        """The page of each action."""
        return {"resources": [listed(entry) for entry in self._offer.catalog()]}

    async def read_resource(self, params: Params) -> Data:
        """The page of one. Raises `UsageError` if there is none at this address."""
        uri = params["uri"]
        if not uri.startswith(ADDRESS):
            raise NotOffered(f"There is no page {shown(uri)} here: pages begin with {ADDRESS}")
        text = page(self._offer.manifest(uri.removeprefix(ADDRESS)))
        return {"contents": [{"uri": uri, "mimeType": MARKDOWN, "text": text}]}

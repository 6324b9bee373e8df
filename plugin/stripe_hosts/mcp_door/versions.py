"""How is the server of the library `mcp` made, of its major version 1 or 2?

In 1 handlers are a table that is filled in, and their requests have the method's parameters inside;
in 2 they are given to the constructor. Both hold types that are read from the protocol's JSON.
"""

from collections.abc import Awaitable, Callable
from importlib import import_module
from importlib.metadata import version
from typing import Any

from stripe_hosts.mcp_door.door import Door
from stripe_plugin.errors import NodeError

NAME, PACKAGE = "stripe-nodes", "stripe-nodes"
# The methods of `Door`, and how the library calls their types.
METHODS = {
    "list_tools": "ListTools",
    "call_tool": "CallTool",
    "list_resources": "ListResources",
    "read_resource": "ReadResource",
}
NOT_FOUND = -32602  # what the protocol answers to a wrong parameter
Handler = Callable[..., Awaitable[Any]]


def server(door: Door) -> Any:
    """The library's low-level `Server` of a door, in whichever version is installed."""
    if hasattr(_server_class(), "list_tools"):
        return _first(door)
    return _second(door)


def _server_class() -> Any:
    return import_module("mcp.server.lowlevel").Server


def _about(door: Door) -> dict[str, Any]:
    return {"version": version(PACKAGE), "instructions": door.instructions}


def _first(door: Door) -> Any:
    types: Any = import_module("mcp.types")
    wrong: Any = import_module("mcp.shared.exceptions").McpError
    made = _server_class()(NAME, **_about(door))

    def handler(method: str, word: str) -> Handler:
        answer = _answer(door, method, getattr(types, f"{word}Result"))

        async def handle(request: Any) -> Any:
            try:
                return types.ServerResult(await answer(request.params))
            except NodeError as error:
                about = types.ErrorData(code=NOT_FOUND, message=error.text)
                raise wrong(about) from error

        return handle

    for method, word in METHODS.items():
        made.request_handlers[getattr(types, f"{word}Request")] = handler(method, word)
    return made


def _second(door: Door) -> Any:
    types: Any = import_module("mcp_types")
    wrong: Any = import_module("mcp.shared.exceptions").MCPError

    def handler(method: str, word: str) -> Handler:
        answer = _answer(door, method, getattr(types, f"{word}Result"))

        async def handle(_: Any, params: Any) -> Any:
            try:
                return await answer(params)
            except NodeError as error:
                raise wrong(NOT_FOUND, error.text) from error

        return handle

    handlers = {f"on_{method}": handler(method, METHODS[method]) for method in METHODS}
    return _server_class()(NAME, **_about(door), **handlers)


def _answer(door: Door, method: str, result: Any) -> Handler:
    """A method of the door, between the library's types."""
    ask: Handler = getattr(door, method)

    async def answer(params: Any) -> Any:
        plain: dict[str, Any] = {}
        if params is not None:
            plain = params.model_dump(mode="json", by_alias=True)
        return result.model_validate(await ask(plain))

    return answer

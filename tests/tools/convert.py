"""Do the converters of tool APIs take every tool schema? `make test-tools` asks them, offline.

It needs what requirements.txt names, and none of ours: manifests are data.
"""

import json
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from agents import FunctionTool
from agents.strict_schema import ensure_strict_json_schema
from anthropic import transform_schema
from google.genai import types
from google.genai._mcp_utils import mcp_to_gemini_tool
from langchain_core.utils.function_calling import convert_to_openai_tool
from mcp.types import Tool
from openapi_spec_validator import OpenAPIV30SpecValidator

ACTIONS = Path(__file__).resolve().parents[2] / "manifests" / "stripe_manifests" / "actions"
Data = dict[str, Any]


async def _invoke(*_: object) -> str:
    return ""


def google(about: Data, schema: Data) -> None:
    """Google's: whole, with an error for what it would leave out."""
    parsed = types.JSONSchema.model_validate(schema)
    types.Schema.from_json_schema(json_schema=parsed, raise_error_on_unsupported_field=True)


def google_mcp(about: Data, schema: Data) -> None:
    """Google's, of a tool that an MCP server offers."""
    mcp_to_gemini_tool(Tool(name=about["id"], description=about["summary"], inputSchema=schema))


def agents(about: Data, schema: Data) -> None:
    """OpenAI Agents'."""
    FunctionTool(about["id"], about["summary"], schema, _invoke, strict_json_schema=False)


def agents_strict(about: Data, schema: Data) -> None:
    """OpenAI Agents' strict mode, which knows no object whose keys are made up."""
    if "additionalProperties" not in json.dumps(schema):
        ensure_strict_json_schema(schema)


def anthropic(about: Data, schema: Data) -> None:
    """Anthropic's."""
    transform_schema(schema)


def langchain(about: Data, schema: Data) -> None:
    """LangChain's, which wants a title."""
    convert_to_openai_tool({**schema, "title": about["id"]})


def openapi(about: Data, schema: Data) -> None:
    """A component of an OpenAPI 3.0.3 document."""
    info = {"title": about["name"], "version": "1"}
    components = {"schemas": {about["id"]: schema}}
    document = {"openapi": "3.0.3", "info": info, "paths": {}, "components": components}
    for error in OpenAPIV30SpecValidator(document).iter_errors():
        raise error


CONVERTERS = (google, google_mcp, agents, agents_strict, anthropic, langchain, openapi)


def refusals(convert: Callable[[Data, Data], None]) -> Iterator[str]:
    """What a converter says of the schemas that it refuses."""
    for file in sorted(ACTIONS.glob("*.json")):
        about = json.loads(file.read_text("utf-8"))
        try:
            convert(about, deepcopy(about["tool_schema"]))
        except Exception as error:  # noqa: BLE001 - each has errors of its own
            yield f"{convert.__name__} refuses {about['id']}: {error}"


def main() -> int:
    """Asks every converter."""
    refused = [said for convert in CONVERTERS for said in refusals(convert)]
    for said in refused:
        print(said)
    if not refused:
        print(f"{len(CONVERTERS)} converters take every tool schema")
    return bool(refused)


if __name__ == "__main__":
    sys.exit(main())

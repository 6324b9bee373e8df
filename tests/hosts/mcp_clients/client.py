"""What does the official client of Python see of a server? Told as JSON.

`client.py stdio KEY COMMAND…`, or `client.py http KEY URL TOKEN`.
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mcp_support import Client, by_http, by_stdio, connected

PAGE = "stripe-nodes://actions/create_price"


def told(client: Client, key: str) -> dict[str, Any]:
    """What came of a few calls."""
    customer = client.call("create_customer", {"email": "x@y.example"})
    product = {"name": "Plan", "idempotency_key": key}
    made = [client.call("create_product", product) for _ in range(2)]
    price = {"currency": "usd", "unit_amount": 5, "product": "prod_none"}
    refused = client.call("create_price", price)
    return {
        "tools": [tool["name"] for tool in client.tools()],
        "customer": customer["structuredContent"]["object"],
        "replayed": [each["_meta"]["stripe-nodes/run"]["replayed"] for each in made],
        "mode": made[0]["_meta"]["stripe-nodes/mode"],
        "refused": refused["content"][0]["text"],
        "page": client.page(PAGE).splitlines()[0],
    }


def main(way: str, key: str, *server: str) -> None:
    """Calls, and tells."""
    streams = by_http(*server) if way == "http" else by_stdio(server, sys.stderr)
    with connected(streams) as client:
        json.dump(told(client, key), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What comes of flows in Langflow? Run by the interpreter that has it; the last line is JSON."""

import asyncio
import json
import os
from typing import Any

from lfx.extension import loader
from lfx.graph.graph.base import Graph
from stripe_langflow.component import Connection, host, named

from stripe_emulator import Emulator
from stripe_emulator.faults import Fault
from stripe_emulator.server import serve


def components() -> dict[str, type[Any]]:
    """What Langflow finds by itself, by the ID of its action."""
    found = {}
    for loaded in loader.load_installed_extensions():
        for component in loaded.components:
            found[component.klass.action] = component.klass
    return found


def lost(found: dict[str, type[Any]]) -> list[str]:
    """The rows whose value does not arrive in the component, and the actions without one."""
    missing = []
    for entry in host().catalog():
        made = found[entry["id"]]()
        for row in host().manifest(entry["id"])["inputs"]:
            name = named(row, "")
            made.set(**{name: "typed"})
            if getattr(made, name) != "typed" or name not in made._inputs:
                missing.append(f"{entry['id']} › {row['key']}")
    return missing


async def run(start: Any, end: Any) -> dict[str, Any]:
    """What each component answered, of a flow that was saved and opened again."""
    drawn = Graph(start=start, end=end)
    drawn.prepare()
    saved = json.loads(json.dumps(drawn.dump(name="flow")["data"]))
    answers = {}
    async for result in Graph.from_payload(saved).async_start():
        vertex = getattr(result, "vertex", None)
        if vertex is not None:
            answers[vertex.id] = vertex.results
    return answers


def sentence(start: Any) -> str:
    """What a person reads of a component that cannot run."""
    try:
        asyncio.run(run(start, start))
    except Exception as error:  # noqa: BLE001 - whatever Langflow makes of ours
        return str(error)
    return "nothing"


def declined(made: type[Any]) -> str:
    """What is read of a card that is refused."""
    paying = made(_id="paying")
    paying.set(amount="2000", currency="usd", payment_method="pm_card_chargeDeclined")
    paying.set(confirm="true", return_url="https://a.example")
    return sentence(paying)


def unknown(made: type[Any]) -> str:
    """What is read where Stripe did it, and no answer came."""
    product = made(_id="unknown")
    with Emulator() as emulator, serve(emulator) as server:
        emulator.faults.add(Fault("cut_after", path="/v1/products", times=None))
        product.set(stripe_name="Lost", option_deadline="3", option_idempotency_key="order-1")
        product.set(connection_api_key="sk_test_emulator", connection_base_url=server.url)
        return sentence(product)


def main() -> None:
    """Product and price; a price that is wrong."""
    found = components()
    product, price = found["create_product"](_id="product"), found["create_price"](_id="price")
    wrong = found["create_price"](_id="wrong")
    wrong.set(currency="us")
    if "STRIPE_API_KEY" not in os.environ:
        print(json.dumps({"no_key": sentence(wrong)}))
        return
    product.set(stripe_name="Plan", active="false")
    price.set(currency="usd", product=product.stripe_id, unit_amount="0")
    answers = asyncio.run(run(product, price))
    made = answers["product"]["stripe_id"].data["text"]
    priced = answers["price"]["stripe_answer"].data
    kept = host().run("retrieve_product", {"Product ID": made}, connection=Connection.from_env())
    told = {
        "lost": lost(found),
        "made": made,
        "product": priced["product"],
        "amount": priced["unit_amount"],
        "kept": {"name": kept.output["name"], "active": kept.output["active"]},
        "refused": sentence(wrong),
        "declined": declined(found["create_payment_intent"]),
        "unknown": unknown(found["create_product"]),
    }
    print(json.dumps(told))


main()

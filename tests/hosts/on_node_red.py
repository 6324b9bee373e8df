"""Do the actions run in Node-RED, is their form drawn, and does a Catch node get our sentences?"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
from door_support import TOKEN as OTHER_TOKEN
from door_support import failing, serving
from hosts.crashes import free_port, wait
from hosts.printed import printed, typed
from network_support import Place, requests

HERE = Path(__file__).resolve().parent / "node_red"
BIN = HERE / "node_modules" / ".bin"
SHOTS = HERE / "built"
STRIPE_NODES = Path(sys.executable).with_name("stripe-nodes")
TOKEN = "a-token-of-these-tests"
NOBODY = "http://127.0.0.1:49151"  # reserved: nobody listens there
CAUGHT = (
    *("product", "price", "refused", "astray", "down"),
    *("card", "key", "outcome", "version", "late"),
)
PATIENCE = 120.0  # seconds for what takes seconds
SETTINGS = """\
module.exports = { uiPort: %d, uiHost: "127.0.0.1", flowFile: "flows.json",
  credentialSecret: false, telemetry: { enabled: false },
  editorTheme: { tours: false }, logging: { console: { level: "warn" } } };
"""


def filled(rows: dict[str, str]) -> dict[str, Any]:
    """What the form keeps of rows; `=` before a property of the message."""
    held = {}
    for name, value in rows.items():
        kind = "msg" if value.startswith("=") else "str"
        held[name] = {"type": kind, "value": value.removeprefix("=")}
    return held


def node(name: str, kind: str, *wires: str, **more: Any) -> dict[str, Any]:
    """A node of the one flow, and where its messages go."""
    return {"id": name, "type": kind, "z": "flow", "wires": [[*wires]], **more, "x": 200, "y": 80}


def action(name: str, wanted: str, to: str, server: str, rows: dict[str, str]) -> dict[str, Any]:
    """A node of ours; behind its server there may be an account."""
    server, _, account = server.partition(" ")
    about = {"server": server, "action": wanted, "title": wanted, "account": account}
    return node(name, "stripe-action", to, **about, rows=filled(rows), options={})


def flows(address: str, other: str, silent: str) -> list[dict[str, Any]]:
    """Paths that are asked over HTTP: each leads to nodes of ours, and back."""
    entries = {
        "/pay": "product",
        "/wrong": "refused",
        "/token": "astray",
        "/down": "down",
        "/lost": "lost",
        "/card": "card",
        "/key": "key",
        "/outcome": "outcome",
        "/version": "version",
        "/late": "late",
    }
    starts = [node(url, "http in", first, url=url, method="get") for url, first in entries.items()]
    product = {"name": "Plan", "active": "false"}
    declined = {"amount": "2000", "currency": "usd", "confirm": "true"}
    declined |= {"payment_method": "pm_card_chargeDeclined", "return_url": "https://a.example"}
    price = {"currency": "usd", "product": "=payload.id", "unit_amount": "0"}
    told = {"t": "set", "p": "payload", "pt": "msg", "tot": "msg"}
    return [
        {"id": "flow", "type": "tab", "label": "Stripe"},
        {"id": "server", "type": "stripe-server", "url": address},
        {"id": "stranger", "type": "stripe-server", "url": address},
        {"id": "nobody", "type": "stripe-server", "url": NOBODY},
        {"id": "other", "type": "stripe-server", "url": other},
        {"id": "silent", "type": "stripe-server", "url": silent},
        *starts,
        action("product", "create_product", "price", "server", product),
        action("price", "create_price", "end", "server", price),
        action("refused", "create_price", "end", "server", {"currency": "us"}),
        action("astray", "create_price", "end", "stranger", {}),
        action("down", "create_price", "end", "nobody", {}),
        action("card", "create_payment_intent", "end", "server", declined),
        action("key", "create_product", "end", "other wrong_key", product),
        action("outcome", "create_product", "end", "other broken", product),
        action("version", "create_product", "end", "other shop", product),
        action("late", "create_product", "end", "silent", product),
        action("invoice", "create_invoice", "end", "server", {}),
        action("lost", "create_product", "run", "server", product),
        node("once more", "catch", "lost", scope=["lost"]),
        node("run", "change", "end", rules=[{**told, "to": "stripe"}]),
        node("catch", "catch", "tell", scope=CAUGHT),
        node("tell", "change", "end", rules=[{**told, "to": "error.message"}]),
        node("end", "http response"),
    ]


def answers(url: str) -> bool:
    """Whether something answers there."""
    try:
        httpx.get(url)
    except httpx.TransportError:
        return False
    return True


def asked(url: str) -> str:
    """What came back at the end of the flow."""
    return httpx.get(url, timeout=PATIENCE).text


@contextmanager
def door(home: Path) -> Iterator[str]:
    """The HTTP door on an emulator, and its address."""
    env = {**os.environ, "STRIPE_NODES_TOKEN": TOKEN, "STRIPE_NODES_HOME": str(home)}
    [serving] = [it for it in printed("In Node-RED") if "serve" in it]
    assert serving == "stripe-nodes --emulator serve --port 8642"
    command = [str(STRIPE_NODES), "--emulator", "serve", "--port", "0", "--json"]
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()


@contextmanager
def node_red(home: Path, *addresses: str) -> Iterator[str]:
    """Node-RED with the exported node and the flows, and its address."""
    port, settled = free_port(), home / ".node-red"
    for line in printed("In Node-RED")[:2]:
        typed(line, home, STRIPE_NODES.parent, HOME=str(home))
    (settled / "settings.js").write_text(SETTINGS % port, "utf-8")
    (settled / "flows.json").write_text(json.dumps(flows(*addresses)), "utf-8")
    tokens = {"server": TOKEN, "other": OTHER_TOKEN, "silent": TOKEN}
    names = ("server", "stranger", "nobody", "other", "silent")
    secrets = {name: {"token": tokens.get(name, "no")} for name in names}
    (settled / "flows_cred.json").write_text(json.dumps(secrets), "utf-8")
    command = [str(BIN / "node"), str(BIN / "node-red"), "--userDir", str(settled)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            wait(lambda: answers(f"{url}/settings"), "Node-RED")
            yield url
        finally:
            process.terminate()


def npm(*words: str, cwd: Path) -> None:
    """Installs what is said in a folder."""
    quiet = ("--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")
    program = shutil.which("npm")
    assert program, "npm is not installed"
    subprocess.run([program, *words, *quiet], cwd=cwd, check=True)


def customers(address: str) -> str:
    """Two customers in the emulator; the ID of Jenny."""
    ids: list[str] = []
    for name in ("Ann", "Jenny Rosen"):
        body = {"inputs": {"Name": name, "Email": f"{name.split()[0].lower()}@example.com"}}
        place = f"{address}/actions/create_customer/runs"
        made = httpx.post(place, json=body, headers={"Authorization": f"Bearer {TOKEN}"})
        ids.append(made.raise_for_status().json()["output"]["id"])
    return ids[-1]


def drawn(address: str) -> dict[str, Any]:
    """What the editor shows, in a browser."""
    SHOTS.mkdir(exist_ok=True)
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert browser, "Chromium is not installed: apt-get install chromium"
    env = {**os.environ, "NODE_RED": address, "CHROMIUM": browser, "SHOTS": str(SHOTS)}
    command = [str(BIN / "node"), "editor.mjs"]
    done = subprocess.run(command, cwd=HERE, env=env, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """Proves all, or says what is not so."""
    npm("install", cwd=HERE)
    with ExitStack() as stack:
        folder = tempfile.TemporaryDirectory(prefix="stripe-nodes-node-red-")
        home = Path(stack.enter_context(folder))
        address = stack.enter_context(door(home))
        other = stack.enter_context(serving(stack.enter_context(failing())))
        gone = stack.enter_context(Place(breaking_off))
        red = stack.enter_context(node_red(home, address, other.url, gone.url))
        prove(red, customers(address))
        prove_once(red, home)


def breaking_off(peer: socket.socket) -> None:
    """A server whose line breaks when it has read a request, as after a host's own patience."""
    next(requests(peer))


def prove_once(red: str, home: Path) -> None:
    """What was lost is sent by its Catch node to the same node again, and has happened once."""
    fault = "stripe-nodes fault cut_after --method POST --path /v1/products --times 4"
    typed(fault, home, STRIPE_NODES.parent, STRIPE_NODES_HOME=str(home))
    run = json.loads(asked(f"{red}/lost"))
    print(f"lost: {run}")
    assert (run["replayed"], run["mode"]) == (True, "emulated")


def proved(red: str, path: str, words: list[str]) -> None:
    """What a Catch node is told has these words."""
    said = asked(f"{red}/{path}")
    print(f"{path}: {said}")
    assert all(word in said for word in words), said


def prove(red: str, jenny: str) -> None:
    """What is promised."""
    price = json.loads(asked(f"{red}/pay"))
    print(price)
    assert (price["object"], price["unit_amount"]) == ("price", 0)
    assert price["product"].startswith("prod_")
    for path, words in (
        ("wrong", ["Currency must be a three-letter ISO", "Unit Amount is required."]),
        ("token", ["The token is not the one", "Put the token that stripe-nodes serve printed"]),
        ("down", [f"There is no server at {NOBODY}", "Start stripe-nodes serve"]),
        ("card", ["Your card was declined", "The bank declined"]),
        ("key", ["Invalid API Key provided. Put a new key into the connection."]),
        (
            "outcome",
            ["may have been executed all the same", "with its msg.stripe", "it happens once"],
        ),
        ("late", ["broke off", "may have been executed all the same", "it happens once"]),
    ):
        proved(red, path, words)
    with patch("stripe_hosts.http.MANIFEST_VERSION", 2):
        proved(red, "version", ["manifests of version", "Install the same version"])
    found = drawn(red)
    print(found)
    assert [row.removesuffix(" *") for row in found["rows"]][:2] == ["Currency", "Product"]
    assert found["options"] == ["Extra", "Expand", "Account", "Idempotency Key", "Deadline"]
    assert found["kept"]["product"] == {"type": "msg", "value": "payload.id"}
    assert found["kept"]["nickname"] == {"type": "str", "value": "Yearly"}
    assert "token" in found["astray"]
    assert found["offered"] == [f"Jenny Rosen · jenny@example.com · {jenny}"]
    assert found["chosen"] == {"customer": {"type": "str", "value": jenny}}
    prove_keys(found["tested"])


def prove_keys(tested: dict[str, list[str]]) -> None:
    """The button of a server says what each key may do, and of what it is said."""
    [fine] = tested["server"]
    assert fine.startswith("default (emulated): the key may do all")
    shop, wrong, few, broken = tested["other"]
    assert shop.startswith("shop (emulated): the key may do all")
    assert "Stripe refuses the key: Invalid API Key" in wrong
    assert "The key lacks Prices: Read" in few
    assert broken.startswith("broken")
    assert tested["stranger"] == [tested["stranger"][0]]
    assert "token" in tested["stranger"][0]
    assert "deploy" in tested["changed"][0]


if __name__ == "__main__":
    main()

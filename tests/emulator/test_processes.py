"""Several threads and processes on one world."""

# ruff: noqa: E501 - rows and requests read best on one line

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stripe_emulator import Emulator

if TYPE_CHECKING:
    from emulator.conftest import Caller

SECONDS = float(os.environ.get("STRIPE_NODES_HAMMER_SECONDS", "2"))
SOURCE = Path(__file__).resolve().parents[2] / "plugin"

HAMMER = """
import json, sys, time
from urllib.parse import urlencode
from stripe_emulator import Emulator
file, name, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
world, made, end, n = Emulator(file), 0, time.monotonic() + seconds, 0
headers = {"Authorization": "Bearer sk_test_x"}
def post(path, key=None, **given):
    sent = headers | ({"Idempotency-Key": key} if key else {})
    answer = world.answer("POST", path, sent, urlencode(given).encode())
    return answer.status, json.loads(answer.body)
while time.monotonic() < end:
    n += 1
    status, own = post("/v1/customers", name=name)
    assert status == 200, own
    status, both = post("/v1/customers", key=f"shared-{n}", name="shared")
    assert status == 200, both
    made += 1
    if n % 10 == 0:
        status, moved = post("/v1/prices", key=f"price-{name}-{n}", **{
            "currency": "usd", "unit_amount": "5", "product_data[name]": name,
            "lookup_key": "unique", "transfer_lookup_key": "true"})
        assert status == 200, moved
print(json.dumps({"own": made, "shared": n}))
world.close()
"""


def pages(api: Caller, path: str, **given: Any) -> list[Any]:
    """Read every page."""
    rows: list[Any] = []
    while True:
        cursor = {"starting_after": rows[-1]["id"]} if rows else {}
        page = api.get(path, limit=100, **given, **cursor)
        rows += page["data"]
        if not page["has_more"]:
            return rows


def test_processes_share_a_file(tmp_path: Path, caller: type[Caller]) -> None:
    """Three processes hammer one file at once: no row is lost or doubled, shared keys execute once."""
    file = tmp_path / "world.db"
    command = [sys.executable, "-W", "error", "-c", HAMMER, str(file)]
    running = [
        subprocess.Popen([*command, name, str(SECONDS)], stdout=subprocess.PIPE, text=True,
                         env={**os.environ, "PYTHONPATH": str(SOURCE)})
        for name in "abc"
    ]  # fmt: skip
    told = [json.loads(process.communicate()[0]) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    with Emulator(file) as world:
        api = caller(world)
        rows = pages(api, "/v1/customers")
        names = [row["name"] for row in rows]
        assert [names.count(name) for name in "abc"] == [counts["own"] for counts in told]
        assert names.count("shared") == max(counts["shared"] for counts in told)
        assert world.executed("shared-1") == 1
        assert len({row["id"] for row in rows}) == len(rows)
        prices = pages(api, "/v1/prices")
        assert [row["lookup_key"] for row in prices].count("unique") == 1
        assert len(pages(api, "/v1/events", type="customer.created")) == len(rows)
    assert min(counts["own"] for counts in told) > 5


def test_threads_share_a_world(api: Caller, caller: type[Caller]) -> None:
    """Threads take turns: nothing is lost, one lookup key keeps one holder, one refund wins."""
    paid = api.paid(1000)
    outcomes: list[int] = []

    def work() -> None:
        own = caller(api.world)
        for _ in range(20):
            own.made("/v1/customers", name="t")
            own.price(lookup_key="k", transfer_lookup_key=True)
        outcomes.append(own.post("/v1/refunds", payment_intent=paid["id"]).status)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [200] + [400] * 5
    assert len(pages(api, "/v1/customers")) == 120
    assert len(pages(api, "/v1/prices", lookup_keys=["k"])) == 1


def test_importing_is_cheap() -> None:
    """Importing the package, and even using the world, imports neither httpx nor the server."""
    code = (
        "import sys, stripe_emulator as s; assert 'httpx' not in sys.modules;"
        "s.Emulator().close(); assert 'httpx' not in sys.modules;"
        "assert not {'http.server', 'http.client', 'email', 'ssl'} & set(sys.modules); s.EmulatorTransport; assert 'httpx' in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True,
                   env={**os.environ, "PYTHONPATH": str(SOURCE)})  # fmt: skip

"""Faults on demand, in process and over the socket."""

# ruff: noqa: E501 - rows and requests read best on one line

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from stripe_emulator import Emulator, EmulatorTransport, Fault, serve

HEADERS = {"Authorization": "Bearer sk_test_x"}
JSON = {"Content-Type": "application/json"}
Open = Callable[[], httpx.Client]


@pytest.fixture(params=["process", "socket"])
def client(request: pytest.FixtureRequest, world: Emulator) -> Iterator[httpx.Client]:
    """The same world in process and behind a socket."""
    if request.param == "process":
        with httpx.Client(
            transport=EmulatorTransport(world), base_url="http://x", headers=HEADERS
        ) as made:
            yield made
    else:
        with (
            serve(world) as server,
            httpx.Client(base_url=server.url, headers=HEADERS, trust_env=False) as made,
        ):
            yield made


ANSWERS = [
    (Fault("conflict"), 409, "lock_timeout", {}),
    (Fault("rate_limit", retry_after=2.0, reason="global-rate"), 429, "rate_limit",
     {"Retry-After": "2", "Stripe-Rate-Limited-Reason": "global-rate"}),
    (Fault("lock_timeout"), 429, "lock_timeout", {}),
    (Fault("server_error", should_retry=True), 500, None, {"Stripe-Should-Retry": "true"}),
    (Fault("unavailable", should_retry=False), 503, None, {"Stripe-Should-Retry": "false"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "status", "code", "headers"), ANSWERS, ids=lambda v: str(getattr(v, "kind", ""))
)
def test_answers_on_demand(
    world: Emulator,
    client: httpx.Client,
    fault: Fault,
    status: int,
    code: str | None,
    headers: dict[str, str],
) -> None:
    """A fault answers once with its status, code and headers, executes nothing, and is gone."""
    world.faults.add(fault)
    reply = client.post("/v1/customers")
    assert (reply.status_code, reply.json()["error"].get("code")) == (status, code)
    assert {name: reply.headers.get(name) for name in headers} == headers
    assert ("Retry-After" in reply.headers) == ("Retry-After" in headers)
    assert world.executed("POST /v1/customers") == 0
    assert client.post("/v1/customers").status_code == 200


def test_bad_gateway_is_html(world: Emulator, client: httpx.Client) -> None:
    """What stands in front of Stripe answers with HTML."""
    world.faults.add(Fault("bad_gateway"))
    reply = client.get("/v1/customers")
    assert (reply.status_code, reply.headers["Content-Type"][:9]) == (502, "text/html")


def test_stored_error_replays(world: Emulator, client: httpx.Client) -> None:
    """A stored 500 executes nothing and replays under its key; another key works."""
    world.faults.add(Fault("stored_error"))
    first = client.post("/v1/customers", headers={"Idempotency-Key": "K"})
    again = client.post("/v1/customers", headers={"Idempotency-Key": "K"})
    assert first.status_code == again.status_code == 500
    assert again.headers["Idempotent-Replayed"] == "true"
    assert world.executed("POST /v1/customers") == 0
    assert client.post("/v1/customers", headers={"Idempotency-Key": "L"}).status_code == 200


@pytest.mark.parametrize(("kind", "times"), [("cut", 0), ("cut_after", 1), ("truncate", 1)])
def test_broken_connections(world: Emulator, client: httpx.Client, kind: Any, times: int) -> None:
    """A cut before executing executed nothing; a cut after it or in the body did; a key makes both safe."""
    world.faults.add(Fault(kind))
    keyed = {"Idempotency-Key": "K"}
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.post("/v1/customers", headers=keyed)
    assert world.executed("K") == times
    assert client.post("/v1/customers", headers=keyed).status_code == 200
    assert world.executed("K") == 1
    assert len(client.get("/v1/customers").json()["data"]) == 1


def test_spoiled_bodies(world: Emulator, client: httpx.Client) -> None:
    """Invalid JSON is no JSON, and a wrong content type is said of a good body."""
    world.faults.add(Fault("invalid_json"))
    with pytest.raises(ValueError, match=r"delimiter|property name"):
        client.get("/v1/customers").json()
    world.faults.add(Fault("wrong_type"))
    reply = client.get("/v1/customers")
    assert (reply.headers["Content-Type"], reply.json()["object"]) == ("text/html", "list")


GLOBS = [
    ("/v1/customers", "/v1/customers", True),
    ("/v1/customers", "/v1/customers/cus_1", False),
    ("/v1/customers/*", "/v1/customers/cus_1", True),
    ("/v1/customers/*", "/v1/customers", False),
    ("/v1/customers*", "/v1/customers/cus_1", True),
    ("*/pi_1", "/v1/payment_intents/pi_1", True),
    ("/v1/[cp]*s", "/v1/prices", True),
    ("/v1/?rices", "/v1/prices", True),
    ("/v1/(prices|products)", "/v1/prices", False),
    ("/v1/price.", "/v1/prices", False),
]


@pytest.mark.parametrize(("glob", "path", "struck"), GLOBS)
def test_a_path_is_a_glob(world: Emulator, glob: str, path: str, struck: bool) -> None:  # noqa: FBT001
    """A fault's path is a glob over the whole path, and no regular expression."""
    world.faults.add(Fault("unavailable", path=glob))
    assert (world.answer("GET", path, HEADERS, b"").status == 503) == struck


@pytest.mark.parametrize("end", ["(a+)+$", "*a" * 90 + "b", "*" * 180, "a*" * 90 + "b"])
def test_no_path_freezes_the_emulator(world: Emulator, end: str) -> None:
    """The longest and most ambiguous paths are matched in time that grows with their length alone."""
    order = {"kind": "unavailable", "path": "/v1/customers/" + end}
    assert world.answer("POST", "/_emulator/faults", JSON, json.dumps(order).encode()).status == 200
    started = time.monotonic()
    world.answer("GET", "/v1/customers/" + "a" * 60_000, HEADERS, b"")
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("kind", ["delay", "delay_after"])
def test_delays(world: Emulator, client: httpx.Client, kind: Any) -> None:
    """A delayed request is answered late and executed once."""
    world.faults.add(Fault(kind, seconds=0.2))
    started = time.monotonic()
    assert client.post("/v1/customers").status_code == 200
    assert time.monotonic() - started >= 0.2
    assert world.executed("POST /v1/customers") == 1


@pytest.mark.parametrize(("kind", "times"), [("delay", 0), ("delay_after", 1)])
def test_delays_before_and_after(world: Emulator, kind: Any, times: int) -> None:
    """A client that gives up during a delay left nothing behind, or everything: before or after executing."""
    world.faults.add(Fault(kind, seconds=0.3))
    with (
        serve(world) as server,
        httpx.Client(base_url=server.url, headers=HEADERS, trust_env=False, timeout=0.1) as client,
    ):
        with pytest.raises(httpx.ReadTimeout):
            client.post("/v1/customers")
        assert world.executed("POST /v1/customers") == times


def test_faults_choose_requests(world: Emulator, client: httpx.Client) -> None:
    """Method, path and times choose which requests a fault strikes."""
    world.faults.add(Fault("server_error", method="POST", path="/v1/pr*s", times=2))
    struck = [client.post("/v1/products", data={"name": "n"}).status_code for _ in range(3)]
    assert struck == [500, 500, 200]
    world.faults.add(Fault("server_error", method="GET", path="/v1/customers", times=None))
    assert [client.get("/v1/customers").status_code for _ in range(3)] == [500] * 3
    assert client.get("/v1/products").status_code == 200
    world.faults.clear()
    assert client.get("/v1/customers").status_code == 200


def test_probability_is_repeatable(caller: Any) -> None:
    """The draws of a fault with a probability follow its seed."""

    def draw(seed: int) -> list[int]:
        with Emulator() as world:
            world.faults.add(Fault("unavailable", times=None, probability=0.5, seed=seed))
            return [caller(world).get("/v1/customers").status for _ in range(40)]

    assert draw(1) == draw(1) != draw(2)
    assert 5 < draw(1).count(503) < 35


def test_faults_are_ordered_over_http(world: Emulator) -> None:
    """Another process orders, lists and cancels faults at the desk, and counts executions."""
    with serve(world) as server:

        def call(method: str, path: str, data: Any = None) -> Any:
            body = None if data is None else json.dumps(data).encode()
            wanted = urllib.request.Request(server.url + path, body, HEADERS | JSON, method=method)  # noqa: S310
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(wanted) as reply:
                return json.loads(reply.read())

        assert call(
            "POST", "/_emulator/faults", {"kind": "rate_limit", "path": "/v1/customers"}
        ) == {"id": 1}
        assert call("GET", "/_emulator/faults")["data"][0]["left"] == 1
        assert (
            httpx.get(server.url + "/v1/customers", headers=HEADERS, trust_env=False).status_code
            == 429
        )
        assert call("GET", "/_emulator/faults")["data"][0]["hits"] == 1
        assert call("DELETE", "/_emulator/faults") == {"data": []}
        assert call("GET", "/_emulator/executed?of=/v1/customers")["count"] == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b'{"kind": "x"}', b'{"kind": "cut", "color": 1}',
                                  b'{"kind": "cut", "path": "/v1/[ab"}', b'{"kind": "cut", "path": "' + b"*" * 201 + b'"}',
                                  b'{"kind": "delay", "seconds": "x"}'])  # fmt: skip
def test_what_is_no_fault_is_refused(world: Emulator, body: bytes) -> None:
    """The desk refuses what is no fault."""
    answer = world.answer("POST", "/_emulator/faults", JSON, body)
    assert answer.status == 400
    assert world.faults.list() == []


def test_transport_is_asynchronous_too(world: Emulator) -> None:
    """The same transport serves httpx.AsyncClient, delays and cuts included."""

    async def run() -> list[int]:
        async with httpx.AsyncClient(
            transport=EmulatorTransport(world), base_url="http://x", headers=HEADERS
        ) as client:
            replies = await asyncio.gather(*(client.post("/v1/customers") for _ in range(8)))
            world.faults.add(Fault("cut"))
            with pytest.raises(httpx.ReadError):
                await client.get("/v1/customers")
            return [reply.status_code for reply in replies]

    assert asyncio.run(run()) == [200] * 8


LATE = [("delay", 0), ("delay_after", 1)]
HOUR = 3_600


def in_process(world: Emulator) -> httpx.Client:
    """A client of the world in process."""
    return httpx.Client(transport=EmulatorTransport(world), base_url="http://x", headers=HEADERS)


@pytest.mark.parametrize(("kind", "times"), LATE)
def test_read_timeouts_hold_in_process(world: Emulator, kind: Any, times: int) -> None:
    """A delay beyond the read timeout is a ReadTimeout after that time, before or after executing."""
    world.faults.add(Fault(kind, seconds=HOUR))
    with in_process(world) as client:
        started = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            client.post("/v1/customers", timeout=httpx.Timeout(HOUR, read=0.2))
        assert time.monotonic() - started >= 0.2
    assert world.executed("POST /v1/customers") == times


@pytest.mark.parametrize("keyed", [{}, {"Idempotency-Key": "K"}], ids=["plain", "keyed"])
def test_what_nobody_waits_for_is_executed_late(world: Emulator, keyed: dict[str, str]) -> None:
    """As by a server, a delayed request is executed once though its client gave up, and replays."""
    world.faults.add(Fault("delay", seconds=0.3))
    with in_process(world) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post("/v1/customers", headers=keyed, timeout=0.05)
        assert eventually(lambda: world.executed("POST /v1/customers") == 1)
        if keyed:
            again = client.post("/v1/customers", headers=keyed)
            assert again.headers["Idempotent-Replayed"] == "true"
    assert world.executed("POST /v1/customers") == 1


def test_a_late_request_keeps_its_key(world: Emulator) -> None:
    """Who asks again while the late one is not executed yet is told that the key is in use."""
    world.faults.add(Fault("delay", seconds=HOUR))
    keyed = {"Idempotency-Key": "K"}
    with in_process(world) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post("/v1/customers", headers=keyed, timeout=0.05)
        assert client.post("/v1/customers", headers=keyed).status_code == 409


def test_patience_that_is_long_enough_changes_nothing(world: Emulator) -> None:
    """A delay within the read timeout, or without one, is an answer."""
    for timeout in (HOUR, None):
        world.faults.add(Fault("delay", seconds=0.05))
        with in_process(world) as client:
            assert client.post("/v1/customers", timeout=timeout).status_code == 200


@pytest.mark.parametrize(("kind", "times"), LATE)
def test_read_timeouts_hold_for_asyncio(world: Emulator, kind: Any, times: int) -> None:
    """The same for an AsyncClient, whose other requests go on meanwhile."""

    async def run() -> None:
        async with httpx.AsyncClient(
            transport=EmulatorTransport(world), base_url="http://x", headers=HEADERS
        ) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.post("/v1/customers", timeout=0.2)
            assert (await client.get("/v1/customers")).status_code == 200

    world.faults.add(Fault(kind, seconds=HOUR))
    asyncio.run(run())
    assert world.executed("POST /v1/customers") == times


def test_cancelling_leaves_no_thread_behind(world: Emulator) -> None:
    """A cancelled request's thread ends at once, however long the fault is, and a loop can be closed."""

    async def run() -> None:
        async with httpx.AsyncClient(
            transport=EmulatorTransport(world), base_url="http://x", headers=HEADERS
        ) as client:
            calls = [
                asyncio.create_task(client.post("/v1/customers", timeout=None)) for _ in range(4)
            ]
            await asyncio.to_thread(
                eventually, lambda: world.faults.list()[0]["hits"] == len(calls)
            )
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            assert all(call.cancelled() for call in calls)

    world.faults.add(Fault("delay", seconds=HOUR, times=None))
    started = time.monotonic()
    asyncio.run(run())  # joins the threads of its executor
    assert time.monotonic() - started < 60
    assert world.executed("POST /v1/customers") == 0


def eventually(true: Callable[[], bool]) -> bool:
    """Wait until something is true, as long as a busy machine may need."""
    ends = time.monotonic() + 30
    while not true() and time.monotonic() < ends:
        time.sleep(0.01)
    return true()

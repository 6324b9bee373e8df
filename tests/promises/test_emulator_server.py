"""The emulator's server: whom it answers, and how much a client can take of it."""

# ruff: noqa: E501 - rows and requests read best on one line

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from attrs import evolve, frozen

from stripe_emulator import Emulator, Fault, Limits, Server, serve

SERVING = """
import sys
from stripe_emulator import Emulator, serve
with Emulator() as emulator, serve(emulator) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""
FEW_FILES = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300))"
KEY = {"Authorization": "Bearer sk_test_server"}
JSON = {"Content-Type": "application/json"}
ORDER = json.dumps({"kind": "unavailable"}).encode()
LONG = 60.0  # seconds that a busy machine may need for what takes none
HOUR = 3_600.0


@frozen
class Reply:
    """An answer as it stood on the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def message(self) -> str:
        """What the error says."""
        return str(json.loads(self.body)["error"]["message"])


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An empty emulator."""
    with Emulator() as made:
        yield made


@pytest.fixture
def server(emulator: Emulator) -> Iterator[Server]:
    """A server with the limits it has of itself."""
    with serve(emulator) as made:
        yield made


@contextmanager
def serving(first: str = "") -> Iterator[tuple[int, str]]:
    """An emulator served by another process: its number, and its host and port."""
    command = [sys.executable, "-W", "error", "-c", first + SERVING]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdin
        yield process.pid, process.stdout.readline().strip().removeprefix("http://")
        process.stdin.close()


def port(server: Server) -> int:
    """Where it listens."""
    return int(server.url.rpartition(":")[2])


def connect(server: Server) -> socket.socket:
    """A connection that has said nothing yet."""
    return socket.create_connection(("127.0.0.1", port(server)), timeout=LONG)


def ask(
    server: Server,
    method: str = "GET",
    path: str = "/v1/customers",
    body: bytes = b"",
    headers: Mapping[str, str] = KEY,
) -> Reply:
    """Send one request with these headers, a key, and `Host` unless it is given."""
    sent = {"Host": f"127.0.0.1:{port(server)}", **KEY, **headers}
    if body or method == "POST":
        sent["Content-Length"] = str(len(body))
    with closing(http.client.HTTPConnection("127.0.0.1", port(server), timeout=LONG)) as line:
        line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            line.putheader(name, value)
        line.endheaders(body)
        reply = line.getresponse()
        return Reply(reply.status, dict(reply.headers), reply.read())


def rest(line: socket.socket) -> bytes:
    """Everything until the other side closes."""
    return b"".join(iter(lambda: line.recv(65_536), b""))


PLACES = ["/v1/customers", "/_emulator/faults", "/pay/cs_test_a1"]
OWN_HOSTS = ["127.0.0.1", "127.0.0.1:{port}", "localhost:{port}", "LOCALHOST", "[::1]:{port}", "localhost:1"]  # fmt: skip
FOREIGN_HOSTS = [
    "evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "localhost.evil.example",
    "evil.example@127.0.0.1", "127.0.0.1:{port}@evil.example", "10.0.0.1", "127.0.0.2", "", "[::]",
    "127.0.0.1, evil.example", "127.0.0.1:x",
]  # fmt: skip


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("host", OWN_HOSTS)
def test_this_machine_is_answered(server: Server, host: str, path: str) -> None:
    """Every way to name this machine is answered, with a port or without."""
    assert ask(server, path=path, headers={"Host": host.format(port=port(server))}).status in {
        200,
        404,
    }


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_name_that_was_made_to_lead_here_is_refused(
    emulator: Emulator, server: Server, host: str, path: str
) -> None:
    """Whoever asks for another host (DNS rebinding) gets words, and nothing is read or written."""
    emulator.faults.add(Fault("delay", times=7))
    for method in ("GET", "POST", "DELETE"):
        reply = ask(server, method, path, headers={"Host": host.format(port=port(server))})
        assert (reply.status, "this machine" in reply.message) == (403, True)
    assert emulator.executed("POST /v1/customers") == 0
    assert [order["left"] for order in emulator.faults.list()] == [7]


@pytest.mark.parametrize(
    "hosts", [[], ["127.0.0.1", "evil.example"], ["evil.example", "localhost"]]
)
def test_one_host_is_named(server: Server, hosts: list[str]) -> None:
    """A request without a Host, or with two, is refused."""
    head = "".join(f"Host: {host}\r\n" for host in hosts)
    with connect(server) as line:
        line.sendall(f"GET /v1/customers HTTP/1.1\r\n{head}\r\n".encode())
        assert rest(line).startswith(b"HTTP/1.1 403 ")


PAGES = [
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "http://localhost:1"}, 403),
    ({"Origin": "http://127.0.0.1.evil.example"}, 403),
    ({"Origin": "https://127.0.0.1:{port}"}, 403),
    ({"Origin": ""}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe"}, 403),
    ({"Origin": "http://127.0.0.1:{port}"}, 200),
    ({"Origin": "HTTP://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"}, 200),
    ({"Sec-Fetch-Site": "none"}, 200),
    ({}, 200),
]


@pytest.mark.parametrize("path", ["/v1/customers", "/_emulator/faults"])
@pytest.mark.parametrize(("headers", "status"), PAGES, ids=str)
def test_pages_of_other_sites_are_refused(
    emulator: Emulator, server: Server, path: str, headers: dict[str, str], status: int
) -> None:
    """A browser says whose page asks: API and desk answer their own, and whoever is no page."""
    said = {name: value.format(port=port(server)) for name, value in headers.items()}
    if path.startswith("/_"):
        reply = ask(server, "POST", path, ORDER, said | JSON)
    else:
        reply = ask(server, "POST", path, headers=said)
    assert reply.status == status
    done = emulator.executed("POST /v1/customers") + len(emulator.faults.list())
    assert done == (status == 200)
    assert ask(server, "GET", "/_emulator/faults", headers=said).status == status


def test_a_link_to_the_payment_page_may_stand_anywhere(server: Server) -> None:
    """A shop's page leads to the payment page; its form is sent by that page alone."""
    form = b"mode=setup&currency=usd&success_url=https://shop.example"
    made = json.loads(ask(server, "POST", "/v1/checkout/sessions", form).body)
    path = made["url"].removeprefix(server.url)
    clicked = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}
    assert ask(server, "GET", path, headers=clicked).status == 200
    foreign = clicked | {"Origin": "https://shop.example"}
    assert ask(server, "POST", path, b"action=pay", foreign).status == 403
    assert (
        json.loads(ask(server, path=f"/v1/checkout/sessions/{made['id']}").body)["status"] == "open"
    )
    own = {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}
    assert ask(server, "POST", path, b"action=pay", own).status == 303


@pytest.mark.parametrize(
    "said",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "text/plain; application/json", "application/jsonx"],
)  # fmt: skip
def test_the_desk_takes_json_only(emulator: Emulator, server: Server, said: str) -> None:
    """What a form of any page can send orders nothing at the desk."""
    headers = {"Content-Type": said} if said else {}
    reply = ask(server, "POST", "/_emulator/faults", ORDER, headers)
    assert (reply.status, "application/json" in reply.message) == (415, True)
    assert emulator.faults.list() == []
    utf8 = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert ask(server, "POST", "/_emulator/faults", ORDER, utf8).status == 200


def test_idle_connections_shut_nobody_out() -> None:
    """More connections than a process may have, all silent: whoever asks is answered all the same."""
    with serving(FEW_FILES) as (_, address), ExitStack() as silent:
        host, _, number = address.partition(":")
        for _ in range(350):
            line = socket.create_connection((host, int(number)), timeout=LONG)
            silent.enter_context(line)
        for _ in range(3):
            with closing(http.client.HTTPConnection(address, timeout=LONG)) as heard:
                heard.request("GET", "/v1/customers", headers=KEY)
                assert heard.getresponse().status == 200


def test_the_longest_idle_gives_way(emulator: Emulator) -> None:
    """The connection that is silent longest is closed for a new one; the others stay."""
    with serve(emulator, limits=Limits(connections=3)) as server, ExitStack() as open_ones:
        lines = [open_ones.enter_context(connect(server)) for _ in range(3)]
        for line in (*lines, lines[0]):  # the first one is the youngest now
            line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"401" in line.recv(65_536)
            assert until(lambda: not server._listening.lines._busy)  # and is idle again
        assert ask(server).status == 200
        assert lines[1].recv(1) == b""
        for line in (lines[0], lines[2]):
            line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"401" in line.recv(65_536)


def test_too_many_at_work_are_refused_at_once(emulator: Emulator) -> None:
    """When all connections are at work, the next is told so immediately and nothing is executed."""
    emulator.faults.add(Fault("delay", seconds=HOUR, times=2))
    with serve(emulator, limits=Limits(connections=2)) as server, ExitStack() as open_ones:
        for _ in range(2):
            line = open_ones.enter_context(connect(server))
            line.sendall(
                b"POST /v1/customers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
                b"Authorization: Bearer sk_test_x\r\n\r\n"
            )
        assert until(lambda: emulator.faults.list()[0]["hits"] == 2)
        for _ in range(100):
            reply = ask(server, "POST")
            assert (reply.status, "2 connections" in reply.message) == (503, True)
            assert reply.headers["Connection"] == "close"
        assert emulator.executed("POST /v1/customers") == 0


HEAD = b"POST /v1/customers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk_test_x\r\n"
SLOW = {
    "line": b"POST /v1/customers",
    "headers": HEAD,
    "body": HEAD + b"Content-Length: 100000\r\n\r\n",
}


@pytest.mark.parametrize("part", SLOW)
def test_slow_clients_end(emulator: Emulator, part: str) -> None:
    """Who drips headers or a body, a byte now and then, is told so when the time for all is over."""
    limits = Limits(header_seconds=0.5, body_seconds=0.5)
    with serve(emulator, limits=limits) as server, connect(server) as line:
        line.sendall(SLOW[part])
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.05):
                try:
                    line.sendall(b"x")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            assert line.recv(65_536).startswith(b"HTTP/1.1 408 ")
        finally:
            stop.set()
            dripping.join()
    assert emulator.executed("POST /v1/customers") == 0


def test_silent_connections_end(emulator: Emulator) -> None:
    """A connection on which nothing is asked is closed after a while, without a word."""
    with serve(emulator, limits=Limits(idle_seconds=0.2)) as server, connect(server) as line:
        assert rest(line) == b""


def test_a_body_that_ends_early_is_not_executed(emulator: Emulator, server: Server) -> None:
    """Half a body is no request: who goes away in the middle has done nothing."""
    with connect(server) as line:
        line.sendall(HEAD + b"Content-Length: 20\r\n\r\nname=n")
        line.shutdown(socket.SHUT_WR)
        assert rest(line).startswith(b"HTTP/1.1 400 ")
    assert emulator.executed("POST /v1/customers") == 0


def test_large_bodies_are_refused_unread(emulator: Emulator, server: Server) -> None:
    """A body beyond a megabyte is refused by what it announces, before a byte of it is sent."""
    for expects in (b"", b"Expect: 100-continue\r\n"):
        with connect(server) as line:
            line.sendall(HEAD + expects + b"Content-Length: 1000001\r\n\r\n")
            assert line.recv(65_536).startswith(b"HTTP/1.1 413 ")
    with connect(server) as line:
        line.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 6\r\n\r\n")
        assert line.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(b"name=n")
        assert line.recv(65_536).startswith(b"HTTP/1.1 200 ")
    assert emulator.executed("POST /v1/customers") == 1


def test_bodies_share_a_bounded_room(emulator: Emulator) -> None:
    """While large bodies are read, one that has no room beside them is refused; small ones go on."""
    limits = evolve(Limits(), bodies_bytes=1_000_000)
    with serve(emulator, limits=limits) as server, connect(server) as line:
        line.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 900000\r\n\r\n")
        assert line.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        large = b"name=n&description=" + b"d" * 200_000
        assert ask(server, "POST", body=large).status == 503
        assert ask(server, "POST", body=b"name=n").status == 200
        line.close()
        assert until(lambda: ask(server, "POST", body=large).status == 400)  # read, and too long


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_bodies_take_no_memory() -> None:
    """Twelve bodies of 60 MB at once are refused each, and cost the server next to nothing."""
    body = bytes(60_000_000)
    with serving() as (process, address):
        statuses: list[int] = []
        threads = [
            threading.Thread(target=lambda: statuses.append(_send(address, body)))
            for _ in range(12)
        ]
        before = _peak(process)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        grown = _peak(process) - before
    assert statuses == [413] * 12
    assert grown < 40_000, f"{grown} kB"


def _send(address: str, body: bytes) -> int:
    with closing(http.client.HTTPConnection(address, timeout=LONG)) as line:
        line.request("POST", "/v1/customers", body, KEY)
        return line.getresponse().status


def _peak(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def until(true: Callable[[], bool]) -> bool:
    """Wait until something is true, as long as a busy machine may need."""
    ends = time.monotonic() + LONG
    while not true() and time.monotonic() < ends:
        time.sleep(0.01)
    return true()

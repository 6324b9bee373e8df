"""What is read without h11 is read as h11 reads it."""

from collections.abc import Iterator

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stripe_plugin.client.http import Conversation, Question, Reader, written
from stripe_plugin.client.plain import Heard, plain
from stripe_plugin.client.stream import Plain, Read

ASKED = [(b"Host", b"stripe.example")]
LIKE_STRIPES = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 28 Sep 2026 01:00:00 GMT\r\n"
    b"Content-Type: application/json\r\nContent-Length: 2\r\nConnection: keep-alive\r\n"
    b"Request-Id: req_123\r\n\r\n{}"
)
HEADERS = (
    *(b"content-length: 2", b"Content-Length: 2", b"content-length: 02", b"content-length: 3"),
    *(b"content-length: +2", b"content-length: 2, 2", b"content-length:2", b"content-length : 2"),
    *(b"content-length: \xb2", b"content-length: 0", b"content-length", b"content-length: 2;"),
    *(b"transfer-encoding: chunked", b"Transfer-Encoding: identity", b"connection: close"),
    *(b"connection: Keep-Alive", b"connection: upgrade", b"a: b", b"a: b", b"A: c", b": d"),
    *(b"a: ", b"a:", b"a: \tb", b"a: b ", b"a: b  c", b" folded: 1", b"\tfolded", b"no colon"),
    *(
        b"a: \x00",
        b"a: \x7f",
        b"a: \xe9",
        b"a b: c",
        b"a: b\rc: d",
        b"a: b\nc: d",
        b"",
        b"upgrade: x",
    ),
)
STATUS = (
    *(
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 404 Not Found",
        b"HTTP/1.1 204 No Content",
        b"HTTP/1.0 200 OK",
    ),
    *(b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 100 Continue", b"HTTP/1.1 200", b"HTTP/1.1 200 "),
    *(
        b"HTTP/1.1 999 Odd",
        b"HTTP/1.1 20 OK",
        b"HTTP/2 200 OK",
        b" HTTP/1.1 200 OK",
        b"http/1.1 200 OK",
    ),
    *(b"HTTP/1.1 200 \xe9", b"HTTP/1.1  200 OK", b"\r\nHTTP/1.1 200 OK", b"HTTP/1.1 503 a  b"),
)
BODIES = (b"{}", b"", b"{", b"{}{", b"2\r\n{}\r\n0\r\n\r\n", b"{}HTTP/1.1 200 OK\r\n\r\n", b"\r\n")
ENDS = (b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r")


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Answers that are nearly plain, and nearly not."""
    status = draw(st.sampled_from(STATUS))
    headers = draw(st.lists(st.sampled_from(HEADERS), max_size=5))
    lines = b"".join(line + draw(st.sampled_from(ENDS)) for line in (status, *headers))
    whole = lines + draw(st.sampled_from(ENDS)) + draw(st.sampled_from(BODIES))
    return draw(st.sampled_from((whole, whole, whole[1:], whole[:-1])))


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A plain answer with some of its bytes changed."""
    data = bytearray(LIKE_STRIPES)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(data) - 1))
        data[place : place + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(data)


def by_h11(data: bytes) -> tuple[Heard | None, bool]:
    """What h11 makes of so many bytes, and whether the connection can be used again."""
    question = Question(b"POST", b"/", [*ASKED, (b"Content-Length", b"0")])
    reader = Reader(Plain(), question)
    steps = reader.read(data)
    try:
        next(steps)
    except StopIteration as done:
        return done.value, reader.is_done()
    except h11.RemoteProtocolError:
        return None, False
    return None, False  # more must come


@settings(max_examples=500)
@given(st.one_of(answers(), spoilt()))
@example(LIKE_STRIPES)
def test_what_is_plain_is_read_alike(data: bytes) -> None:
    """A plain answer is to h11 the same answer, whole, with nothing left over."""
    heard = plain(data)
    if heard is not None:
        assert by_h11(data) == (heard, True)


def test_stripes_answers_are_plain() -> None:
    """An answer as Stripe's needs no h11: else all of this is for nothing."""
    heard = plain(LIKE_STRIPES)
    assert heard is not None
    assert (heard.status, heard.reason, heard.body) == (200, b"OK", b"{}")
    assert (b"request-id", b"req_123") in heard.headers


def answered(data: bytes, size: int) -> Iterator[Heard]:
    """What a conversation makes of an answer that comes in pieces of this size."""
    pieces = iter([data[at : at + size] for at in range(0, len(data), size)])
    steps = Conversation(Plain()).ask(Question(b"GET", b"/", ASKED))
    got: bytes | None = None
    while True:
        try:
            step = steps.send(got)
        except StopIteration as done:
            yield done.value
            return
        got = next(pieces, b"") if isinstance(step, Read) else None


CHUNKED = LIKE_STRIPES.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked").replace(
    b"{}", b"2\r\n{}\r\n0\r\n\r\n"
)


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
@pytest.mark.parametrize("data", [LIKE_STRIPES, CHUNKED])
def test_pieces_come_to_the_same(data: bytes, size: int) -> None:
    """In whatever pieces an answer comes, it is the same."""
    (heard,) = answered(data, size)
    (whole,) = answered(data, len(data))
    assert heard == whole
    assert heard.body == b"{}"


NO_REQUESTS = [
    (b"/a b", ASKED),
    (b"/\r\nx", ASKED),
    (b"", ASKED),
    (b"/", [(b"a", b"b\r\nc: d")]),
    (b"/", [(b"a", b"b\nc: d")]),
    (b"/", [(b"a", b"\x00")]),
    (b"/", [(b"a b", b"c")]),
    (b"/", [(b"", b"c")]),
    (b"/", [(b"a: b\r\nc", b"d")]),
]


@pytest.mark.parametrize(("target", "headers"), NO_REQUESTS)
def test_nothing_can_be_put_into_a_request(
    target: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    """No target and no header can say more than itself."""
    with pytest.raises(h11.LocalProtocolError):
        written(Question(b"GET", target, headers))

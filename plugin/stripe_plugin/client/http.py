"""What is said in HTTP/1.1 over a stream? No I/O."""

import re
from typing import Any, NamedTuple

import h11

from stripe_plugin.client.plain import NAME, Headers, Heard, plain
from stripe_plugin.client.stream import Steps, Stream

LARGEST = 50_000_000  # bytes of an answer; Stripe's are far smaller
LONGEST_HEAD = 100_000  # bytes of a status line and headers
SILENT = "the server hung up without an answer"
TARGET = re.compile(rb"[!-~]+")
FIELD = re.compile(NAME + rb": [^\x00-\x08\x0a-\x1f\x7f]*")


class Question(NamedTuple):
    """A request."""

    method: bytes
    target: bytes
    headers: Headers
    body: bytes = b""


class Conversation:
    """Question and answer over one stream, as often as both sides keep it.

    What is no HTTP is raised as `h11.ProtocolError`.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        #: Whether the other side may be asked once more.
        self.goes_on = False

    def ask(self, question: Question) -> Steps[Heard]:
        """The answer to a request."""
        self.goes_on = False  # until it is all there
        yield from self.stream.write(written(question))
        come = yield from self.stream.read()
        if not come:
            raise h11.RemoteProtocolError(SILENT)
        heard = plain(come)
        if heard is not None:
            self.goes_on = True
            return heard
        reader = Reader(self.stream, question)
        heard = yield from reader.read(come)
        self.goes_on = reader.is_done()
        return heard

    def open(self, question: Question) -> Steps[Heard]:
        """The answer to a CONNECT, behind which the stream is a tunnel if it is a success.

        Nothing more has come: who is at the other end does not speak first.
        """
        yield from self.stream.write(written(question))
        reader = Reader(self.stream, question)
        heard = yield from reader.read(b"")
        if reader.left_over():
            raise h11.RemoteProtocolError("the proxy said more than its answer")
        return heard


def written(question: Question) -> bytes:
    """A request as bytes. Raises `h11.LocalProtocolError` for what could be read as more."""
    method, target, headers, body = question
    fields = [b"%b: %b" % field for field in headers]
    if not TARGET.fullmatch(target) or not all(map(FIELD.fullmatch, fields)):
        raise h11.LocalProtocolError("the request has a character that no request has")
    head = b"%b %b HTTP/1.1" % (method, target)
    return b"\r\n".join([head, *fields, b"", body])


class Reader:
    """One answer as h11 reads it, in whatever pieces it comes."""

    def __init__(self, stream: Stream, question: Question) -> None:
        self._stream = stream
        self._machine = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
        # How an answer is read depends on what has been asked, and that all of it was sent.
        method, target, headers, body = question
        asked = h11.Request(method=method, target=target, headers=headers)
        for event in (asked, h11.Data(data=body), h11.EndOfMessage()):
            self._machine.send(event)

    def read(self, come: bytes) -> Steps[Heard]:
        """The whole answer, of which so much has come."""
        if come:
            self._machine.receive_data(come)
        response = yield from self._response()
        body = yield from self._body()
        headers = [*response.headers]
        return Heard(response.status_code, response.reason, headers, body)

    def _response(self) -> Steps[h11.Response]:
        """The head of the answer, after whatever is said of it before it is there."""
        while True:
            event = yield from self._event()
            if isinstance(event, h11.Response):
                return event

    def _body(self) -> Steps[bytes]:
        """All of the answer's body."""
        body = bytearray()
        while True:
            event = yield from self._event()
            if not isinstance(event, h11.Data):  # its end, or that of HTTP in a tunnel
                return bytes(body)
            body += event.data
            if len(body) > LARGEST:
                raise h11.RemoteProtocolError("the answer has no end")

    def _event(self) -> Steps[Any]:
        while True:
            event = self._machine.next_event()
            if event is not h11.NEED_DATA:
                return event
            data = yield from self._stream.read()
            if not data and self._machine.their_state is h11.SEND_RESPONSE:
                raise h11.RemoteProtocolError(SILENT)
            self._machine.receive_data(data)

    def left_over(self) -> bool:
        """Whether more came than the answer: it would be taken for the answer to the next."""
        return bool(self._machine.trailing_data[0])

    def is_done(self) -> bool:
        """Whether all is said, and both sides stay."""
        states = self._machine.our_state, self._machine.their_state
        return states == (h11.DONE, h11.DONE) and not self.left_over()

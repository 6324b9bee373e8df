"""What is said in HTTP/1.1 over a stream? By h11; no I/O."""

from typing import Any, NamedTuple

import h11

from stripe_plugin.client.stream import Steps, Stream

Headers = list[tuple[bytes, bytes]]
LARGEST = 50_000_000  # bytes of an answer; Stripe's are far smaller
LONGEST_HEAD = 100_000  # bytes of a status line and headers
SILENT = "the server hung up without an answer"


class Heard(NamedTuple):
    """A whole answer."""

    status: int
    reason: bytes
    headers: Headers
    body: bytes


class Conversation:
    """Question and answer over one stream, as often as both sides keep it.

    What is no HTTP is raised as `h11.ProtocolError`.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._machine = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
        #: Whether the other side may be asked once more.
        self.goes_on = True

    def ask(self, method: bytes, target: bytes, headers: Headers, body: bytes) -> Steps[Heard]:
        """The answer to a request."""
        self.goes_on = False  # until it is all there
        question = self._question(method, target, headers, body)
        yield from self.stream.write(question)
        response = yield from self._response()
        content = yield from self._body()
        self._conclude()
        return Heard(response.status_code, response.reason, [*response.headers], content)

    def _question(self, method: bytes, target: bytes, headers: Headers, body: bytes) -> bytes:
        """A request as bytes, in one piece."""
        machine: Any = self._machine
        head = machine.send(h11.Request(method=method, target=target, headers=headers))
        data = machine.send(h11.Data(data=body)) if body else b""
        end = machine.send(h11.EndOfMessage())
        return b"".join([head, data, end])

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
            data = yield from self.stream.read()
            if not data and self._machine.their_state is h11.SEND_RESPONSE:
                raise h11.RemoteProtocolError(SILENT)
            self._machine.receive_data(data)

    def left_over(self) -> bool:
        """Whether more came than the answer."""
        return bool(self._machine.trailing_data[0])

    def _conclude(self) -> None:
        """Gets ready for the next question.

        More than the answer would be taken for the answer to that: then there is none.
        """
        machine = self._machine
        is_done = machine.our_state is h11.DONE and machine.their_state is h11.DONE
        if is_done and not self.left_over():
            machine.start_next_cycle()
            self.goes_on = True

"""Which answers are so plain that there is only one way to read them?

Nearly all of Stripe's are: HTTP/1.1, no header twice, one Content-Length, and nothing beyond it.
Whatever else comes is read by h11, of which this is a small part, some ten times as fast; what is
read here is read alike there, as tests hold with hypothesis.
"""

import re
from typing import NamedTuple

Headers = list[tuple[bytes, bytes]]
NAME = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
VALUE = rb"[!-~]+(?: [!-~]+)*"  # words with one space between them
FIELD = re.compile(b"(%b): (%b)\r\n" % (NAME, VALUE))
HEAD = re.compile(b"HTTP/1\\.1 ([2-5][0-9][0-9]) (%b)\r\n((?:%b: %b\r\n)+)" % (VALUE, NAME, VALUE))
LENGTH = re.compile(b"[0-9]{1,8}")
WITHOUT_BODY = (204, 304)  # whatever their Content-Length says
STAYS = b"keep-alive"


class Heard(NamedTuple):
    """A whole answer; the names of its headers are in lower case."""

    status: int
    reason: bytes
    headers: Headers
    body: bytes


def plain(data: bytes) -> Heard | None:
    """The answer, if these bytes are a plain one, whole, and no more; else None."""
    head, gap, body = data.partition(b"\r\n\r\n")
    found = HEAD.fullmatch(head + gap[:2])
    if found is None:
        return None
    status = int(found[1])
    headers = [(name.lower(), value) for name, value in FIELD.findall(found[3])]
    is_plain = _is_plain(headers, len(body)) and status not in WITHOUT_BODY
    return Heard(status, found[2], headers, body) if is_plain else None


def _is_plain(headers: Headers, length: int) -> bool:
    """Whether they say just so many bytes, in one way, and that the connection stays."""
    by_name = dict(headers)
    said = by_name.get(b"content-length", b"")
    return (
        len(by_name) == len(headers)
        and b"transfer-encoding" not in by_name
        and by_name.get(b"connection", STAYS).lower() == STAYS
        and LENGTH.fullmatch(said) is not None
        and int(said) == length
    )

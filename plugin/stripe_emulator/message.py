"""What comes in, and what goes back?"""

import json
import os
import random
import string
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Self

from attrs import field, frozen

from stripe_emulator import parse
from stripe_emulator.refusals import Json, Refusal

Headers = Mapping[str, str]
_FORM = "application/x-www-form-urlencoded"
_LETTERS = string.ascii_letters + string.digits
# a letter or digit for every byte
_BY_BYTE = [_LETTERS[byte % len(_LETTERS)] for byte in range(256)]
_OF_BYTE = "".join(_BY_BYTE).encode("ascii")


# Where ids are drawn from: chance, or what an emulator with a seed has put here.
DRAWS: ContextVar[random.Random] = ContextVar("DRAWS")


def token(length: int) -> str:
    """Draw letters and digits."""
    draws = DRAWS.get(None)
    if draws is None:  # the system's chance, asked for once: a letter at a time costs the most here
        return os.urandom(length).translate(_OF_BYTE).decode()
    return "".join(draws.choices(_LETTERS, k=length))


@frozen
class Answer:
    """What goes back: status, headers, body. A Content-Length beyond the body means a cut one."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, status: int, data: Any, headers: Headers | None = None) -> Self:
        """Answer with JSON."""
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return cls._typed("application/json", status, text, headers)

    @classmethod
    def page(cls, status: int, html: str, headers: Headers | None = None) -> Self:
        """Answer with HTML."""
        return cls._typed("text/html; charset=utf-8", status, html, headers)

    @classmethod
    def _typed(cls, kind: str, status: int, text: str, headers: Headers | None) -> Self:
        body = text.encode()
        fixed = {"Content-Type": kind, "Content-Length": str(len(body))}
        return cls(status, fixed | dict(headers or {}), body)

    @property
    def cut(self) -> bool:
        """Whether less is sent than was announced."""
        return int(self.headers["Content-Length"]) > len(self.body)


def refused(refusal: Refusal) -> Answer:
    """Answer with Stripe's error object, or with the HTML of something in front of it."""
    message = refusal.error["message"]
    if message.startswith("<html>"):
        return Answer.page(refusal.status, message, refusal.headers)
    return Answer.of(refusal.status, {"error": refusal.error}, refusal.headers)


@frozen
class Request:
    """What came in; header names are lower case."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    id: str = field(factory=lambda: f"req_{token(14)}")

    @classmethod
    def read(cls, method: str, target: str, headers: Headers, body: bytes) -> Self:
        """Read a request; `target` is the raw path with its query."""
        path, _, query = target.partition("?")
        lower = {name.lower(): value for name, value in headers.items()}
        query = query.partition("#")[0]
        return cls(method.upper(), path, query, lower, body)

    @property
    def key(self) -> str | None:
        """The idempotency key; only POST has one."""
        return self.headers.get("idempotency-key") if self.method == "POST" else None

    @property
    def content_type(self) -> str:
        """The type of the body, without its parameters; empty if it does not say."""
        kind, _, _ = self.headers.get("content-type", "").partition(";")
        return kind.strip().lower()

    def given(self) -> Json:
        """Read the parameters of query and body as one tree."""
        return parse.tree(f"{self.query}&{self._form()}")

    def _form(self) -> str:
        if self.method != "POST" or not self.body:
            return ""
        if self.content_type not in {"", _FORM}:
            raise Refusal(
                "Invalid request (check that your POST content type is "
                f"{_FORM}). If you have any questions, we can help at https://support.stripe.com/."
            )
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            raise parse.not_utf8("the parameters are") from None

"""What the emulator's tests stand on: a world, a caller, and the material beside the checkout."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from attrs import frozen

from stripe_emulator import Answer, Emulator

KEY = "sk_test_emulator"
SHARED = Path(__file__).resolve().parents[3] / "shared"


def form(value: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Encode nested parameters as Stripe's form pairs."""
    if isinstance(value, Mapping):
        rows = [(f"{prefix}[{k}]" if prefix else str(k), v) for k, v in value.items()]
    elif isinstance(value, (list, tuple)):
        rows = [(f"{prefix}[{i}]", v) for i, v in enumerate(value)]
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return [(prefix, text)]
    return [pair for key, inner in rows for pair in form(inner, key)]


@frozen
class Reply:
    """An answer with its JSON read."""

    status: int
    headers: dict[str, str]
    data: Any

    def __getitem__(self, name: str) -> Any:
        return self.data[name]

    @property
    def error(self) -> dict[str, Any]:
        """Stripe's error object."""
        assert "error" in self.data, self.data
        found: dict[str, Any] = self.data["error"]
        return found


class Caller:
    """Calls a world as a client does; ``get``, ``post`` and ``delete`` take nested parameters."""

    def __init__(self, world: Emulator, key: str = KEY) -> None:
        self.world = world
        self.key = key
        self.replies: list[tuple[str, str, Reply]] = []

    def raw(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send bytes as they are."""
        sent = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        return self.world.answer(method, target, sent, body)

    def __call__(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **given: Any
    ) -> Reply:
        """Send parameters; a trailing underscore in a name is dropped (``from_``)."""
        text = urlencode(form({name.rstrip("_"): value for name, value in given.items()}))
        if method == "POST":
            answer = self.raw(method, path, text.encode(), headers)
        else:
            answer = self.raw(method, f"{path}?{text}" if text else path, b"", headers)
        reply = Reply(answer.status, answer.headers, json.loads(answer.body))
        self.replies.append((method, path, reply))
        return reply

    def get(self, path: str, **given: Any) -> Reply:
        """GET."""
        return self("GET", path, **given)

    def post(self, path: str, **given: Any) -> Reply:
        """POST."""
        return self("POST", path, **given)

    def delete(self, path: str, **given: Any) -> Reply:
        """DELETE."""
        return self("DELETE", path, **given)

    def made(self, path: str, **given: Any) -> Any:
        """POST something that must work, and return the object."""
        reply = self.post(path, **given)
        assert reply.status == 200, reply.data
        return reply.data

    def price(self, amount: int = 1000, *, monthly: bool = False, **given: Any) -> Any:
        """Make a price with its product."""
        recurring = {"recurring": {"interval": "month"}} if monthly else {}
        data = {"product_data": {"name": "Box"}} if "product" not in given else {}
        return self.made(
            "/v1/prices", **{"currency": "usd", "unit_amount": amount, **data, **recurring, **given}
        )

    def payer(self, card: str = "pm_card_visa", **given: Any) -> Any:
        """Make a customer with a default card."""
        customer = self.made("/v1/customers", **{"email": "payer@example.com", **given})
        method = self.made(f"/v1/payment_methods/{card}/attach", customer=customer["id"])
        settings = {"default_payment_method": method["id"]}
        return self.made(f"/v1/customers/{customer['id']}", invoice_settings=settings)

    def paid(self, amount: int = 2000, card: str = "pm_card_visa", **given: Any) -> Any:
        """Make a confirmed PaymentIntent."""
        ways = {"enabled": True, "allow_redirects": "never"}
        return self.made(
            "/v1/payment_intents",
            **{"amount": amount, "currency": "usd", "payment_method": card, "confirm": True,
               "automatic_payment_methods": ways, **given},
        )  # fmt: skip


class Clock:
    """A clock that the test moves."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands until the test moves it."""
    return Clock()


@pytest.fixture
def world(clock: Clock) -> Iterator[Emulator]:
    """An empty world in memory."""
    with Emulator(clock=clock) as made:
        yield made


@pytest.fixture
def api(world: Emulator) -> Caller:
    """A caller of the empty world."""
    return Caller(world)


@pytest.fixture
def caller() -> type[Caller]:
    """The caller itself, for tests with worlds of their own."""
    return Caller


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference material beside the checkout."""
    if not (SHARED / "reference").is_dir():
        pytest.skip("no reference material beside the checkout")
    return SHARED


@pytest.fixture(scope="session")
def recordings(shared: Path) -> list[dict[str, Any]]:
    """Recorded interactions with the real API."""
    lines = (shared / "reference/recordings/interactions.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]

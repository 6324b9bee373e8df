"""Does time pass by a button, with what then happened as a list?"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from emulator.conftest import Caller
from studio_support import TestClient, browser, studio, texts

from stripe_emulator import Emulator
from stripe_emulator.due import DUE
from stripe_plugin import Connection
from stripe_studio.objects.passing import DAY, HOUR, coming, month_after
from stripe_studio.words import FAR, moment

NOW = 1_790_000_000


@pytest.fixture
def world() -> Emulator:
    """An emulator whose clock stands until it is advanced."""
    return Emulator(clock=lambda: NOW)


@pytest.fixture
def api(world: Emulator) -> Caller:
    """A caller of it."""
    return Caller(world)


@pytest.fixture
def page(tmp_path: Path, world: Emulator) -> TestClient:
    """A browser in a studio on it."""
    return browser(studio(tmp_path, Connection("sk_test_x", in_process=world)))


def subscribed(api: Caller, **given: Any) -> Any:
    """A monthly subscription of Ann's."""
    items = [{"price": api.price(2500, monthly=True)["id"]}]
    customer = api.payer(name="Ann")["id"]
    return api.made("/v1/subscriptions", customer=customer, items=items, **given)


def advance(page: TestClient, step: str, status: int = 200, days: str = "") -> str:
    """What is read after a button is pressed."""
    answer = page.post("/time", data={"step": step, "days": days})
    assert answer.status_code == status
    return texts(answer.text)


@pytest.mark.parametrize(
    ("step", "days", "seconds"),
    [
        ("hour", "", HOUR),
        ("day", "", DAY),
        ("month", "", month_after(NOW) - NOW),
        ("days", " 3 ", 3 * DAY),
    ],
)
def test_time_passes_as_far_as_it_says(
    page: TestClient, world: Emulator, step: str, days: str, seconds: int
) -> None:
    """And the head of each page says the emulator's time."""
    told = advance(page, step, days=days)
    assert world.held().now() == NOW + seconds
    assert f"From {moment(NOW)} to {moment(NOW + seconds)}." in told
    assert moment(NOW + seconds) in texts(page.get("/").text)


def test_a_subscription_renews_by_the_button(page: TestClient, api: Caller) -> None:
    """What happened is told in order, and each object is a link."""
    made = subscribed(api)
    assert "Until the next renewal" in texts(page.get("/objects").text)
    told = advance(page, "renewal")
    order = [
        "invoice.created",
        "customer.subscription.updated",
        "invoice.finalized",
        "invoice.paid",
    ]
    assert sorted(order, key=told.index) == order
    assert "invoice.paid · 25.00 USD · Ann" in told
    invoices = api.get("/v1/invoices")["data"]
    assert [invoice["status"] for invoice in invoices] == ["paid", "paid"]
    page.post("/time", data={"step": "hour"})
    assert f'href="/objects/{made["id"]}"' in page.get("/objects").text


def test_a_renewal_fails_by_the_button(page: TestClient, api: Caller) -> None:
    """The card was exchanged before."""
    made = subscribed(api)
    page.post("/deeds/fail-renewal", data={"id": made["id"]})
    assert "invoice.payment_failed · 25.00 USD · Ann" in advance(page, "renewal")
    assert "Past due" in texts(page.get(f"/objects/{made['id']}").text)


def test_what_comes_next_is_told(page: TestClient, api: Caller) -> None:
    """With when, and whose it is; a trial's end is a renewal, too."""
    subscribed(api, trial_period_days=10)
    told = texts(page.get("/objects").text)
    assert f"The next renewal is on {moment(NOW + 10 * DAY)}." in told
    assert "of Ann ends its trial" in told
    assert "customer.subscription.trial_will_end" in advance(page, "renewal")


def test_what_ends_does_not_renew(page: TestClient, api: Caller) -> None:
    """Neither in what comes next nor by a button; the one that is there goes on to the end."""
    made = subscribed(api, cancel_at_period_end=True)
    told = texts(page.get("/objects").text)
    assert "of Ann ends" in told
    assert "renews" not in told.replace("No subscription renews", "")
    assert "Until the next renewal" not in told
    assert "Until it ends" in told
    assert "customer.subscription.deleted" in advance(page, "end")
    assert api.get(f"/v1/subscriptions/{made['id']}")["status"] == "canceled"
    assert "No subscription ends by itself here" in advance(page, "end", 422)


def test_a_renewal_goes_before_an_end(page: TestClient, api: Caller) -> None:
    """Its invoice is said to be collected: whether it is paid, the card says."""
    subscribed(api, cancel_at_period_end=True)
    subscribed(api)
    told = texts(page.get("/objects").text)
    assert "Until the next renewal" in told
    assert "An hour later its invoice is collected" in told


def test_loading_the_list_again_repeats_nothing(page: TestClient, world: Emulator) -> None:
    """The button leads to an address that only shows."""
    answer = page.post("/time", data={"step": "day"})
    assert answer.history[0].status_code == 303
    assert texts(page.get(str(answer.url)).text) == texts(answer.text)
    assert world.held().now() == NOW + DAY


def test_the_list_keeps_to_what_happened_then(page: TestClient, api: Caller) -> None:
    """What is done later is not on it."""
    subscribed(api)
    answer = page.post("/time", data={"step": "renewal"})
    api.made("/v1/products", name="Later")
    assert "product.created" not in page.get(str(answer.url)).text


@pytest.mark.parametrize("days", ["", "0", "-1", "1.5", "many", "3651", "²", "9" * 400])
def test_days_that_are_none_are_told(page: TestClient, world: Emulator, days: str) -> None:
    """At the box, with what was typed; no time passes."""
    answer = page.post("/time", data={"step": "days", "days": days})
    assert answer.status_code == 422
    assert "Days are a whole number from 1 to 3,650." in texts(answer.text)
    assert f'value="{days}"' in answer.text
    assert world.held().now() == NOW


def test_without_a_renewal_that_is_told(page: TestClient) -> None:
    """There is no button for it, and pressing it all the same does nothing."""
    assert "Until the next renewal" not in texts(page.get("/objects").text)
    assert "No subscription renews by itself here" in advance(page, "renewal", 422)
    assert "Choose how far time goes on." in advance(page, "", 422)


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("2026-01-31", "2026-02-28"),
        ("2028-01-31", "2028-02-29"),
        ("2026-11-28", "2026-12-28"),
        ("2026-12-15", "2027-01-15"),
    ],
)
def test_a_month_is_one_of_the_calendar(begin: str, end: str) -> None:
    """The month's last day, if it has no such day."""
    first = datetime.fromisoformat(begin).replace(tzinfo=UTC)
    last = datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert month_after(int(first.timestamp())) == int(last.timestamp())


def test_studios_share_a_file(tmp_path: Path) -> None:
    """What one does another shows, and the time as well."""
    file = str(tmp_path / "world.db")
    with Emulator(file) as one, Emulator(file) as other:
        pages = [
            browser(studio(tmp_path, Connection("sk_test_x", in_process=world)))
            for world in (one, other)
        ]
        made = subscribed(Caller(one))
        assert made["id"] in pages[1].get("/objects").text
        advance(pages[1], "renewal")
        assert "invoice.paid" in texts(pages[0].get("/events").text)
        assert abs(one.held().now() - other.held().now()) <= 1


def test_everything_that_is_due_has_words() -> None:
    """Whatever a resource of the emulator plans."""
    planned = {(kind, work) for kind, works in DUE.items() for work in works}
    assert planned
    plain = {
        f"{kind}.{work}" for kind, work in planned if coming(kind, work) == work.replace("_", " ")
    }
    assert plain == set()


@pytest.mark.parametrize(("step", "days"), [("days", "3650"), ("month", "")])
def test_time_ends_with_the_calendar(
    page: TestClient, world: Emulator, step: str, days: str
) -> None:
    """It does not go on to a year that cannot be shown, and the pages stay as they were."""
    centuries = (FAR - DAY - NOW) // (3_650 * DAY)
    for _ in range(centuries):
        world.advance(3_650 * DAY)
    while world.now() < FAR - 31 * DAY:
        world.advance(10 * DAY)
    before = world.now()
    assert "Time ends here with the year 9999" in advance(page, step, 422, days)
    assert world.now() == before

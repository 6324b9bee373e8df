"""A list is read to its end, entry by entry or as one action, over a socket as anywhere."""

import asyncio
import threading
from collections.abc import Generator, Iterator
from itertools import islice
from typing import Any

import attrs
import pytest
from support import ACTIONS, PAGED

from stripe_emulator import Emulator
from stripe_emulator.faults import Fault
from stripe_emulator.server import serve
from stripe_nodes import ListCustomers, rows
from stripe_nodes.resources import CUSTOMER
from stripe_plugin import (
    Action,
    Client,
    Connection,
    ConnectionFailed,
    Denied,
    Host,
    InvalidInputs,
    InvalidRequest,
    Policy,
    Result,
    RunContext,
    UsageError,
    action,
    hookimpl,
    optional,
    required,
)
from stripe_plugin.declare.answer import Page
from stripe_plugin.host.entries import Entries
from stripe_plugin.run.pages import Pages

MANY = 250
AFTER = ("starting_after",)


@attrs.frozen
class Shop:
    """An account with customers that are made in turn, reached over a socket."""

    world: Emulator
    host: Host
    connection: Connection
    names: tuple[str, ...] = ()

    def run(self, action: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """What Stripe answers."""
        return self.host.run(action, inputs, connection=self.connection).output

    def of(self, count: int) -> Connection:
        """Another account, with so many customers."""
        connection = attrs.evolve(self.connection, account=f"acct_{count}")
        for number in range(count):
            self.host.run("create_customer", {"Name": f"{number}"}, connection=connection)
        return connection


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """A shop of 250 customers, of whom the last is the newest."""
    with Emulator() as world, serve(world) as server, Host.load(policy=Policy(retries=0)) as host:
        connection = Connection("sk_test_lists", base_url=server.url)
        names = tuple(f"{number}" for number in range(MANY))
        for name in names:
            host.run("create_customer", {"Name": name}, connection=connection)
        yield Shop(world, host, connection, names)


def names(entries: Any) -> list[str]:
    """What the customers are called."""
    return [entry["name"] for entry in entries]


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (1, 1), (100, 1), (101, 2)])
def test_no_request_is_wasted(count: int, requests: int, shop: Shop) -> None:
    """Each entry comes once, newest first, in as few requests as a page of 100 allows."""
    entries = shop.host.iterate("list_customers", connection=shop.of(count))
    assert names(entries) == [f"{number}" for number in reversed(range(count))]
    assert (entries.requests, entries.taken, entries.has_more) == (requests, count, False)


def test_three_pages(shop: Shop) -> None:
    """250 entries are three requests, and the cursor is the last one's."""
    entries = shop.host.iterate("list_customers", connection=shop.connection)
    found = [*entries]
    assert names(found) == [*reversed(shop.names)]
    assert (entries.requests, entries.cursor) == (3, found[-1]["id"])


def test_asyncio(shop: Shop) -> None:
    """`async for` gives the same."""

    async def read() -> tuple[list[str], int]:
        async with Host.load() as host:
            entries = host.iterate("list_customers", connection=shop.connection)
            return [entry["name"] async for entry in entries], entries.requests

    assert asyncio.run(read()) == ([*reversed(shop.names)], 3)


@pytest.mark.parametrize("taken", [1, 99, 100, 101, 249])
def test_it_goes_on_behind_the_last_that_was_handed_out(taken: int, shop: Shop) -> None:
    """A reader that stopped anywhere goes on by the cursor, and misses and repeats nothing."""
    entries = shop.host.iterate("list_customers", connection=shop.connection)
    first = names(islice(entries, taken))
    assert entries.has_more
    rest = shop.host.iterate("list_customers", cursor=entries.cursor, connection=shop.connection)
    assert first + names(rest) == [*reversed(shop.names)]


def test_it_goes_back(shop: Shop) -> None:
    """With Ending Before the older entries come first, up to the newest; its cursor goes on so."""
    [*_, oldest] = shop.host.iterate("list_customers", connection=shop.connection)
    inputs = {"Ending Before": oldest["id"]}
    entries = shop.host.iterate("list_customers", inputs, connection=shop.connection)
    first = names(islice(entries, 120))
    cursor = entries.cursor
    rest = shop.host.iterate("list_customers", inputs, cursor=cursor, connection=shop.connection)
    assert first + names(rest) == [*shop.names[1:]]


def test_a_bound(shop: Shop) -> None:
    """At most so many entries are read, and it is told that there are more."""
    entries = shop.host.iterate("list_customers", most=101, connection=shop.connection)
    assert len([*entries]) == 101
    assert (entries.requests, entries.has_more) == (2, True)


def test_a_page_may_be_smaller(shop: Shop) -> None:
    """Limit is the size of a page."""
    inputs = {"Limit": 60}
    entries = shop.host.iterate("list_customers", inputs, most=None, connection=shop.connection)
    assert names(entries) == [*reversed(shop.names)]
    assert entries.requests == 5


def test_only_two_pages_are_held(shop: Shop) -> None:
    """While the first page is used, no more than the second one is asked for."""
    inputs = {"Limit": 10}
    entries = shop.host.iterate("list_customers", inputs, connection=shop.connection)
    asked = {entries.requests for _ in islice(entries, 10)}
    assert max(asked) == 2


def test_whoever_deletes_what_it_reads_meets_everything(shop: Shop) -> None:
    """The object of a cursor may be gone when the next page is asked for."""
    connection = shop.of(23)
    met: list[str] = []
    entries = shop.host.iterate("list_customers", {"Limit": 5}, connection=connection)
    for entry in entries:
        met.append(entry["name"])
        shop.host.run("delete_customer", {"Customer ID": entry["id"]}, connection=connection)
    assert met == [f"{number}" for number in reversed(range(23))]


class Gone:
    """Answers as Stripe does to a cursor whose object it has not, for those of these names."""

    def __init__(self, shop: Shop, *gone: str) -> None:
        listed = shop.host.iterate("list_customers", connection=shop.connection)
        self.missing = False
        self.ids = {entry["id"] for entry in listed if entry["name"] in gone}

    @hookimpl(wrapper=True)
    def run_action(self, action: Action) -> Generator[None, Result, Result]:
        """Refuses a page behind one of them, which from then on are in none."""
        if getattr(action, "starting_after", None) in self.ids:
            self.missing = True
            raise InvalidRequest(message="No such customer", code="resource_missing", path=AFTER)
        result = yield
        if self.missing:
            data = [entry for entry in result.output["data"] if entry["id"] not in self.ids]
            return attrs.evolve(result, output={**result.output, "data": data})
        return result


def test_behind_a_cursor_that_is_gone_it_goes_on(shop: Shop) -> None:
    """Where the last ones of a page are gone at the next, it goes on behind those before them."""
    with Host.load() as host:
        host.register(Gone(shop, "150", "151"), "test:gone")
        entries = host.iterate("list_customers", connection=shop.connection)
        assert names(entries) == [*reversed(shop.names)]
    assert entries.requests == 3 + 2


def test_a_cursor_that_never_was_is_told(shop: Shop) -> None:
    """Who goes on behind what is not there is told so at the row."""
    entries = shop.host.iterate("list_customers", cursor="cus_none", connection=shop.connection)
    with pytest.raises(InvalidRequest) as caught:
        next(entries)
    error = caught.value
    assert error.text == "Starting After: No such customer: 'cus_none'"
    assert (error.code, error.path) == ("resource_missing", AFTER)


def test_a_list_that_comes_back_to_where_it_was_is_told() -> None:
    """A server that gives the same page again and again is not asked for ever."""
    pages = Pages(ListCustomers(limit=1), most=None)
    page = {"data": [{"id": "cus_1"}], "has_more": True}
    pages.take(page)
    with pytest.raises(UsageError, match="comes back to"):
        pages.take(page)


class OnlyTwo:
    """A guard that lets no more than two pages through."""

    def __init__(self) -> None:
        self.runs = 0

    @hookimpl(wrapper=True)
    def run_action(self, action: Action) -> Generator[None, Result, Result]:
        """Counts, and denies."""
        self.runs += 1
        if self.runs > 2:
            raise Denied(f"{action.spec.name} was asked enough")
        return (yield)


def test_an_error_comes_behind_what_was_read(shop: Shop) -> None:
    """A page that fails is told when those before it are handed out; the cursor goes on there."""
    first: list[str] = []
    with Host.load() as host:
        host.register(OnlyTwo(), "test:only-two")
        entries = host.iterate("list_customers", connection=shop.connection)
        with pytest.raises(Denied, match="List Customers was asked enough"):
            first.extend(entry["name"] for entry in entries)
    assert len(first) == 200
    rest = shop.host.iterate("list_customers", cursor=entries.cursor, connection=shop.connection)
    assert first + names(rest) == [*reversed(shop.names)]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"action_id": "create_customer"}, "Create Customer gives no list"),
        ({"action_id": "create_price"}, "Create Price gives no list"),  # whatever it needs
        ({"most": 0}, "most must be a whole number from 1; got 0"),
        ({"most": True}, "got true"),
        ({"cursor": 5}, "cursor must be the ID of an entry; got 5"),
    ],
)
def test_what_cannot_be_read_is_refused_at_once(
    given: dict[str, Any], told: str, shop: Shop
) -> None:
    """Before anything is sent."""
    with pytest.raises(UsageError, match=told):
        shop.host.iterate(**{"action_id": "list_customers", **given}, connection=shop.connection)


def test_wrong_inputs_are_refused_at_once(shop: Shop) -> None:
    """With every problem, as by `run`."""
    with pytest.raises(InvalidInputs, match="Limit"):
        shop.host.iterate("list_customers", {"Limit": 500}, connection=shop.connection)


@pytest.mark.parametrize("name", PAGED)
def test_every_list_can_be_read_to_its_end(name: str) -> None:
    """Return All and Most are rows of every list, marked as ours, and never sent."""
    fields = ACTIONS[name].spec.fields
    for key in ("Return All", "Most"):
        assert fields[key].beyond
        assert fields[key].local


def test_return_all_is_one_action(shop: Shop) -> None:
    """Its output is one list of all, with the cursor of its last entry and how it was read."""
    reading = ListCustomers(return_all=True, most=120)
    with Client(shop.connection) as client:
        result = client.run(reading)
    output = result.output
    assert names(output["data"]) == [*reversed(shop.names)][:120]
    assert output.keys() == {"object", "url", "data", "has_more", "cursor", "requests"}
    assert (output["has_more"], output["requests"]) == (True, 2)
    assert output["cursor"] == output["data"][-1]["id"]
    assert result.note == (
        "These are the first 120 entries, as Most says: there are more behind the cursor."
    )
    assert "return_all" not in reading.request().target


def test_return_all_with_asyncio(shop: Shop) -> None:
    """The same from a form, for asyncio."""

    async def read() -> dict[str, Any]:
        async with Host.load() as host:
            inputs = {"Return All": "true"}
            run = await host.arun("list_customers", inputs, connection=shop.connection)
            return run.output

    output = asyncio.run(read())
    assert names(output["data"]) == [*reversed(shop.names)]
    assert (output["has_more"], output["requests"]) == (False, 3)


def test_one_deadline_bounds_all_pages(shop: Shop) -> None:
    """The deadline is the run's, not each page's: what is late ends it."""
    shop.world.faults.add(Fault(kind="delay", seconds=1.0, times=3))
    context = RunContext(deadline=1.5)
    reading = ListCustomers(return_all=True)
    with Client(shop.connection) as client, pytest.raises(ConnectionFailed):
        client.run(reading, context)
    shop.world.faults.clear()


# --- an end before the end ------------------------------------------------------------------------


def test_who_stops_leaves_no_thread(shop: Shop) -> None:
    """By `with`, what is on its way has come when it ends; then nothing is handed out or asked."""
    before = threading.active_count()
    with shop.host.iterate("list_customers", {"Limit": 10}, connection=shop.connection) as entries:
        first = names(islice(entries, 5))
    assert threading.active_count() == before
    assert (names(entries), entries.requests, entries.has_more) == ([], 2, True)
    cursor = entries.cursor
    rest = shop.host.iterate("list_customers", most=5, cursor=cursor, connection=shop.connection)
    assert first + names(rest) == [*reversed(shop.names)][:10]


def test_who_stops_leaves_no_task(shop: Shop) -> None:
    """By `async with`, the page that is on its way is given up at once."""

    async def read() -> tuple[int, int]:
        async with Host.load() as host:
            before = len(asyncio.all_tasks())
            entries = host.iterate("list_customers", {"Limit": 10}, connection=shop.connection)
            async with entries:
                for seconds in (0.0, 60.0):  # the first page, and the one that is fetched meanwhile
                    shop.world.faults.add(Fault(kind="delay", seconds=seconds))
                async for _ in entries:
                    break
            return before, len(asyncio.all_tasks())

    before, after = asyncio.run(read())
    shop.world.faults.clear()
    assert before == after


# --- a search -------------------------------------------------------------------------------------


@action("GET /v1/customers/search", CUSTOMER, answers=Page())
class Search(Action):
    """Search customers."""

    query: str = required("Query", "name~'a'", "What is searched for")
    limit: int | None = optional("Limit", 10, "How many at a time")
    page: str | None = optional("Page", "token", "The next_page of the page before")
    return_all: bool | None = rows.return_all()
    most: int | None = rows.most()


class Searches:
    """A plugin with a search."""

    @hookimpl
    def register_actions(self) -> list[Any]:
        """The one."""
        return [Search]


@pytest.fixture(scope="module")
def searching(shop: Shop) -> Host:
    """A host that can search."""
    host = Host.load(policy=Policy(retries=0))
    host.register(Searches(), "test:search")
    return host


def searched(host: Host, shop: Shop, **more: Any) -> Entries:
    """The customers of 250 whose name has a 1 in it, and more."""
    asked = {"Query": "created>0", "Limit": more.pop("limit", None)}
    return host.iterate("search", asked, connection=shop.connection, **more)


def test_a_search_is_read_to_its_end(searching: Host, shop: Shop) -> None:
    """By the token that Stripe gives with each page, in as few requests as a list."""
    entries = searched(searching, shop)
    assert names(entries) == [*reversed(shop.names)]
    assert (entries.requests, entries.has_more) == (3, False)


@pytest.mark.parametrize("taken", [1, 99, 100, 101, 249, 250])
@pytest.mark.parametrize("limit", [None, 30])
def test_a_search_goes_on_behind_the_last(
    taken: int, limit: int | None, searching: Host, shop: Shop
) -> None:
    """In the middle of a page, too, and where the pages are smaller then."""
    with searched(searching, shop) as entries:
        first = names(islice(entries, taken))
    assert entries.cursor
    rest = searched(searching, shop, cursor=entries.cursor, limit=limit)
    assert first + names(rest) == [*reversed(shop.names)]


def test_the_token_of_stripe_is_a_cursor(searching: Host, shop: Shop) -> None:
    """As it stands in an answer that somebody has; and a bound counts what is handed out."""
    asked = {"Query": "created>0", "Limit": 40}
    page = searching.run("search", asked, connection=shop.connection).output
    entries = searched(searching, shop, cursor=page["next_page"], most=70, limit=40)
    assert names(entries) == [*reversed(shop.names)][40:110]
    rest = searched(searching, shop, cursor=entries.cursor, most=5)
    assert names(rest) == [*reversed(shop.names)][110:115]


def test_all_of_a_search_is_one_action(searching: Host, shop: Shop) -> None:
    """Its output tells the next page that is not in it, and none when nothing is left."""
    asked = {"Query": "created>0", "Return All": True, "Most": 120}
    output = searching.run("search", asked, connection=shop.connection).output
    assert names(output["data"]) == [*reversed(shop.names)][:120]
    assert output["cursor"] == output["next_page"]
    whole = searching.run("search", {**asked, "Most": None}, connection=shop.connection)
    assert (whole.output["next_page"], whole.output["has_more"]) == (None, False)


def test_a_search_that_does_not_go_on_is_told() -> None:
    """No token, or one that was there before: it is not asked for ever."""
    made = Search(query="created>0")
    page = {"data": [{"id": "cus_1"}], "has_more": True}
    with pytest.raises(UsageError, match="has no next_page"):
        Pages(made).take(page)
    pages = Pages(made)
    pages.take({**page, "next_page": "t"})
    with pytest.raises(UsageError, match='comes back to "t"'):
        pages.take({**page, "next_page": "t"})

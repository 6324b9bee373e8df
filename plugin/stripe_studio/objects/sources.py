"""Where do objects come from: out of the emulator, or from Stripe, by actions?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import attrs

from stripe_emulator.held import PAGE, Held, Link
from stripe_plugin.errors import StripeError, UsageError
from stripe_studio.forms import whole
from stripe_studio.objects.actions import Actions, needed
from stripe_studio.objects.told import Names, Object, kind_words, known_by
from stripe_studio.studio import Studio

EVENT = "event"
CUSTOMER = "customer"
OF_CHARGES = ("refund", "dispute")
MOST_CHARGES = 20  # of a customer, of which it is told what became of them
NO_FILTER = (
    "In test mode a list cannot be narrowed by text or status: Stripe's take no such filter."
)
MISSING = "resource_missing"
NO_SUCH = "There is no object {id} here."
UNKNOWN_PREFIX = "No action retrieves what {id} is: its beginning is none that the actions know."


@attrs.frozen
class Kind:
    """A kind of objects, and how many there are, where that is known."""

    name: str
    label: str
    count: int | None = None


@attrs.frozen
class Asked:
    """What a list is narrowed by; `before`: where the page before ended."""

    kind: str = ""
    text: str = ""
    status: str = ""
    type: str = ""
    before: str = ""


@attrs.frozen
class Page:
    """Objects, the newest first, and behind what there are older ones."""

    objects: Sequence[Object]
    older: str | None


@attrs.frozen
class Around:
    """What only the emulator can tell of an object."""

    pointing: Sequence[tuple[Link, Object]]
    links: Sequence[Link]
    events: Sequence[Object]


class Source(Protocol):
    """Where objects come from."""

    def kinds(self) -> list[Kind]:
        """Those that can be listed."""
        ...

    def statuses(self, kind: str) -> list[str]:
        """Those by which a kind can be chosen."""
        ...

    def page(self, asked: Asked) -> Page:
        """The objects that are asked for."""
        ...

    def one(self, identity: str) -> Object | None:
        """The object with an ID, whatever it is."""
        ...

    def around(self, obj: Object) -> Around | None:
        """What is around it; None where nobody can tell."""
        ...

    def name(self, identity: str) -> str:
        """What a person knows an object by, for a line about another; nothing where that costs."""
        ...


class InEmulator:
    """The objects of the emulator that answers here."""

    def __init__(self, held: Held, actions: Actions) -> None:
        self._held, self._actions = held, actions

    def kinds(self) -> list[Kind]:
        """All that there are of, but events."""
        found: list[Kind] = []
        for kind, number in self._held.counts().items():
            if kind != EVENT:
                label = self._label(kind)
                found.append(Kind(kind, label, number))
        return sorted(found, key=_label)

    def _label(self, kind: str) -> str:
        known = self._actions.resources.get(kind)
        return str(known["plural"]) if known else f"{kind_words(kind)}s"

    def statuses(self, kind: str) -> list[str]:
        """Those that there are."""
        return self._held.statuses(kind) if kind else []

    def page(self, asked: Asked) -> Page:
        """By number: nothing is shown twice while others are made."""
        filters = attrs.asdict(asked)
        before = filters.pop("before")
        rows = self._held.objects(PAGE + 1, before=whole(before), **filters)
        page = rows[:PAGE]
        goes_on = len(rows) > PAGE
        older = str(page[-1].number) if goes_on else None
        return Page([row.object for row in page], older)

    def one(self, identity: str) -> Object | None:
        """Of a deleted one its stub."""
        row = self._held.one(identity)
        return row.object if row else None

    def around(self, obj: Object) -> Around:
        """By its ID; of a customer also what became of the charges."""
        pointing = self._held.pointing_to(str(obj["id"]))
        beyond = [*self._beyond(pointing)] if obj["object"] == CUSTOMER else []
        there = {str(other["id"]) for _, other in pointing}
        more = [(link, other) for link, other in beyond if link.id not in there]
        about = [str(obj["id"]), *(link.id for link, _ in more)]
        return Around(
            pointing=[*more, *pointing],
            links=self._held.links_of({**obj}),
            events=self._events(about),
        )

    def _beyond(self, pointing: Iterable[tuple[Link, Object]]) -> Iterator[tuple[Link, Object]]:
        """The refunds and disputes of charges: they name the charge, and no customer."""
        taken_back = [other for _, other in pointing if _is_taken_back(other)]
        for charge in taken_back[:MOST_CHARGES]:
            for link, other in self._held.pointing_to(str(charge["id"])):
                if other["object"] in OF_CHARGES:
                    yield link, other

    def _events(self, ids: Iterable[str]) -> list[Object]:
        """Those about any of these, the newest first."""
        found = {row.number: row.object for each in ids for row in self._held.events_of(each)}
        return [found[number] for number in sorted(found, reverse=True)[:PAGE]]

    def name(self, identity: str) -> str:
        """From the object itself."""
        found = self.one(identity)
        return known_by(found) if found else ""


class AtStripe:
    """The objects of a test account, as far as actions list and retrieve them."""

    def __init__(self, studio: Studio, actions: Actions) -> None:
        self._studio, self._actions = studio, actions

    def kinds(self) -> list[Kind]:
        """Those with an action that lists them."""
        found: list[Kind] = []
        for kind, each in self._actions.resources.items():
            if each["listed_by"] and kind != EVENT:
                found.append(Kind(kind, each["plural"]))
        return sorted(found, key=_label)

    def _lists(self, kind: str) -> str | None:
        resource = self._actions.resources.get(kind, {})
        found: str | None = resource.get("listed_by")
        return found

    def statuses(self, kind: str) -> list[str]:  # noqa: ARG002 - not every list can be narrowed
        """None: Stripe's lists differ in what they take."""
        return []

    def page(self, asked: Asked) -> Page:
        """A list of Stripe's; without a kind nothing is listed."""
        action = self._lists(asked.kind)
        if action is None:
            return Page([], None)
        if asked.text or asked.status:
            raise UsageError(NO_FILTER)
        inputs: dict[str, Any] = {"limit": PAGE}
        given = {"starting_after": asked.before, "type": asked.type}
        inputs |= {name: text for name, text in given.items() if text}
        answer = self._run(action, inputs)
        found: Sequence[Object] = answer["data"]
        goes_on = found and answer.get("has_more")
        older = str(found[-1]["id"]) if goes_on else None
        return Page(found, older)

    def one(self, identity: str) -> Object | None:
        """By the action that retrieves what its ID begins like."""
        kind = self._actions.kind_of(identity)
        manifest = self._actions.retrieving.get(kind or "")
        if manifest is None:
            raise UsageError(UNKNOWN_PREFIX.format(id=identity))
        inputs = {row["name"]: identity for row in needed(manifest)}
        try:
            return self._run(manifest["id"], inputs)
        except StripeError as error:
            if error.code == MISSING:
                return None
            raise

    def around(self, obj: Object) -> None:
        """Stripe answers no such question."""

    def name(self, identity: str) -> str:  # noqa: ARG002 - each would be a request
        """None: the ID stands for it."""
        return ""

    def _run(self, action: str, inputs: Mapping[str, Any]) -> Object:
        connection = self._studio.connection
        result = self._studio.host.run(action, inputs, connection=connection)
        output: Object = result.output
        return output


def _is_taken_back(obj: Object) -> bool:
    """Whether it is a charge of which not all was kept."""
    is_charge = obj["object"] == "charge"
    return is_charge and bool(obj.get("amount_refunded") or obj.get("disputed"))


def _label(kind: Kind) -> str:
    return kind.label


def source(studio: Studio, actions: Actions) -> Source:
    """That of a studio's connection."""
    held = studio.held
    if held is None:
        return AtStripe(studio, actions)
    return InEmulator(held, actions)


def names_of(found: Source) -> Names:
    """Its names of objects, each looked up once: for one page."""
    return cache(found.name)

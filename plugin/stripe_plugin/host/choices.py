"""What can be chosen where an ID is wanted, with words that a person knows it by?"""

import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from stripe_plugin.declare.label import label_of
from stripe_plugin.declare.resource import Resource
from stripe_plugin.declare.row import Row, reference_of
from stripe_plugin.declare.spec import Spec
from stripe_plugin.errors import PermissionDenied, near
from stripe_plugin.judge.table import Field
from stripe_plugin.judge.values import is_object
from stripe_plugin.run.context import WrongCall
from stripe_plugin.run.pages import PAGE
from stripe_plugin.run.result import Result
from stripe_plugin.run.turning import FORWARDS, SIZE
from stripe_plugin.secrets import masked, shown

if TYPE_CHECKING:
    from stripe_plugin.client.connection import Connection
    from stripe_plugin.host.host import Host
    from stripe_plugin.run.context import RunContext

MOST = 100  # choices that are given at one time
MOST_PAGES = 10  # that are read for a search
Place = str | Sequence[str | int]
Found = Mapping[str, Any]
Given = Mapping[str, Any]


@attrs.frozen
class Choice:
    """One object that can be chosen."""

    value: str  #: its ID, which the row takes
    label: str  #: what a person knows it by, or the ID if it has no such words
    hint: str = ""  #: what may stand smaller beside it
    archived: bool = False  #: it is there, but nothing new should be made with it


@attrs.frozen
class Choices:
    """A page of them, those in use first."""

    items: tuple[Choice, ...] = ()
    cursor: str | None = None  #: behind which there are more; None: that is all
    #: Why there are none, or not all, as a sentence for a form; behind the last page there is none.
    note: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON data."""
        return attrs.asdict(self)


@attrs.frozen
class List:
    """A command to whoever asks: run this list; it is answered with its result or the refusal."""

    action: str
    inputs: Given
    expand: Sequence[str] = ()


Answered = Result | PermissionDenied
Choosing = Generator[List, Answered | None, Choices]


@attrs.frozen(kw_only=True)
class Wanted:
    """What is asked for: what a person has typed so far, and where the page before ended."""

    given: Given
    search: str = ""
    cursor: str | None = None
    limit: int = 50

    def __attrs_post_init__(self) -> None:
        if not is_object(self.given):
            raise WrongCall(f"given is an object of inputs; got {shown(self.given)}")
        if type(self.limit) is not int or not 1 <= self.limit <= MOST:
            raise WrongCall(f"limit must be from 1 to {MOST}; got {shown(self.limit)}")


def chooses(spec: Spec, place: Place) -> Resource:
    """The resource whose IDs a row takes, or a field inside of one. `UsageError` if it has none.

    `place`: the display key or name, with ` › ` or `.` between those of a field and its row's; or
    the steps of a path, as a problem has it.
    """
    field = _field(spec, _steps(place))
    found = reference_of(field)
    if found is None:
        raise WrongCall(f"{spec.name} › {field.key} takes no ID: there is nothing to choose")
    return found


def depends_on(rows: Iterable[Row], resource: Resource) -> list[str]:
    """The names of the rows that narrow what can be chosen of a resource."""
    return [row.name for row in rows if _names(row) & {*resource.narrowed_by}]


def _names(row: Row) -> set[str]:
    """What a list may call the object that a row's ID names."""
    resource = row.reference
    return {row.parameter, resource.object} if resource else {row.parameter}


def _steps(place: Place) -> list[str]:
    steps = re.split(r" › |\.", place) if isinstance(place, str) else place
    named = [step for step in steps if isinstance(step, str)]
    return [step.removesuffix("[]") for step in named if not step.isdecimal()]


def _field(spec: Spec, steps: list[str]) -> Field:
    beside: Mapping[str, Field] = spec.words
    found: Field | None = None
    for step in steps:
        inner = _by_word(beside).get(step)
        if inner is None:
            keys = {field.key for field in beside.values()}
            hint = near(step, sorted(keys))
            raise WrongCall(f"{spec.name} has no row {shown(step)}{hint}")
        found = inner
        beside = inner.nested
    if found is None:
        raise WrongCall(f"{spec.name}: which row?")
    return found


def _by_word(fields: Mapping[str, Field]) -> dict[str, Field]:
    keys = {field.key: field for field in fields.values()}
    return {**fields, **keys}


@attrs.frozen
class Listing:
    """Who obeys: runs a list by the host, of the same connection each time."""

    host: "Host"
    connection: "Connection | None"
    context: "RunContext | None"

    def ask(self, asked: List) -> Answered:
        """Runs it."""
        try:
            return self.host.run(asked.action, asked.inputs, **self._beside(asked))
        except PermissionDenied as error:
            return error

    async def aask(self, asked: List) -> Answered:
        """The same for asyncio."""
        try:
            return await self.host.arun(asked.action, asked.inputs, **self._beside(asked))
        except PermissionDenied as error:
            return error

    def _beside(self, asked: List) -> dict[str, Any]:
        told = {"connection": self.connection, "context": self.context}
        return {"expand": asked.expand, **told}


def choosing(host: "Host", spec: Spec, place: Place, wanted: Wanted) -> Choosing:
    """The objects that can be chosen at a place, as commands to `Listing`."""
    offered = _of_endpoints(host, spec, place, wanted)
    if offered is not None:
        return offered
    resource = chooses(spec, place)
    if resource.listed_by is None:
        return Choices(note=f"Nothing lists the {resource.plural}: write the ID.")
    listing = host.action(resource.listed_by).spec
    inputs = dict(_narrowing(resource, listing, spec, wanted.given))
    lacking = _lacking(listing, inputs)
    if lacking is not None:
        return Choices(note=f"Choose the {lacking} first.")
    reading = _Reading(resource, listing, inputs, wanted)
    return (yield from reading.read())


def _lacking(listing: Spec, inputs: Given) -> str | None:
    """What a list needs that is not chosen yet."""
    for row in listing.rows:
        if row.required and row.key not in inputs:
            return row.reference.words if row.reference else row.key
    return None


def _of_endpoints(host: "Host", spec: Spec, place: Place, wanted: Wanted) -> Choices | None:
    """What an action offers whose endpoint is an input."""
    from stripe_plugin.declare.open import OpenAction

    if not issubclass(host.action(spec.id), OpenAction):
        return None
    from stripe_plugin.host import endpoint_choices

    name = _field(spec, _steps(place)).name
    return endpoint_choices.choices(spec, name, wanted)


def _narrowing(
    resource: Resource, listing: Spec, spec: Spec, given: Given
) -> Iterator[tuple[str, Any]]:
    """The inputs of the list that what is typed so far says."""
    filters = {*resource.narrowed_by}
    for word, value in given.items():
        row = spec.words.get(word)
        if row is None or not isinstance(value, str) or not value.strip():
            continue
        for name in _names(row) & filters:
            known = listing.words.get(name)
            if known is not None:
                yield known.key, value


class _Reading:
    """A list that is read page after page, until there are enough that the search finds."""

    def __init__(self, resource: Resource, listing: Spec, inputs: Given, wanted: Wanted) -> None:
        self._resource = resource
        self._listing = listing
        self._inputs = inputs
        self._wanted = wanted
        self._keys = {row.parameter: row.key for row in listing.rows}
        self._found: list[Choice] = []
        self._seen = wanted.cursor

    def read(self) -> Choosing:
        """What is found."""
        for _ in range(MOST_PAGES):
            answered = yield self._next()
            if not isinstance(answered, Result):
                return _denied(self._listing, answered)
            page = answered.output["data"]
            is_all_seen = self._take(page)
            if not page or (is_all_seen and not answered.output["has_more"]):
                return self._choices(None)
            if self._is_full:
                return self._choices(self._seen)
        searched = f"{MOST_PAGES * PAGE:,}"
        note = f"Of more than {searched}, these were found so far."
        if not self._found:
            note = f"Of more than {searched}, none was found so far: write more, or the ID."
        return self._choices(self._seen, note)

    def _next(self) -> List:
        inputs = {**self._inputs}
        inputs[self._keys[SIZE]] = PAGE if self._wanted.search else self._wanted.limit
        inputs[self._keys[FORWARDS]] = self._seen
        expand = [f"data.{path}" for path in self._resource.label_expands]
        return List(self._listing.id, inputs, expand)

    def _take(self, page: Sequence[Found]) -> bool:
        """Takes those that fit, as many as are wanted; whether all of the page was looked at."""
        for entry in page:
            if self._is_full:
                return False
            choice = _choice(self._resource, entry)
            self._seen = choice.value
            if _fits(choice, self._wanted.search):
                self._found.append(choice)
        return True

    @property
    def _is_full(self) -> bool:
        return len(self._found) == self._wanted.limit

    def _choices(self, cursor: str | None, note: str | None = None) -> Choices:
        """Those in use first."""
        found = sorted(self._found, key=lambda choice: choice.archived)
        is_empty = not found and self._wanted.cursor is None
        return Choices(tuple(found), cursor, note or (self._nothing() if is_empty else None))

    def _nothing(self) -> str:
        """Why there is nothing to choose, as a sentence."""
        if self._wanted.search.strip():
            return nothing_found(self._resource.words, self._wanted)
        given = [f"the {key} {shown(value, 80)}" for key, value in self._inputs.items()]
        narrowed = f" with {' and '.join(given)}" if given else ""
        return f"There is no {self._resource.words}{narrowed} yet."


def nothing_found(what: str, wanted: Wanted) -> str:
    """That a search found nothing; what it looked through may have been narrowed before."""
    return f"No {what} has the words {shown(wanted.search.strip())}."


def _choice(resource: Resource, entry: Found) -> Choice:
    identity = str(entry["id"])
    label = masked(label_of(entry, resource.label)) if resource.label else ""
    hint = identity if label else ""
    if entry.get("active") is False:
        hint = f"{identity} · archived"
        return Choice(identity, label or identity, hint, archived=True)
    return Choice(identity, label or identity, hint)


def _fits(choice: Choice, search: str) -> bool:
    """Whether a choice has all these words, or its ID begins so."""
    label = choice.label.casefold()
    words = search.casefold().split()
    if all(word in label for word in words):
        return True
    return choice.value.startswith(search.strip())


def _denied(listing: Spec, answered: Answered | None) -> Choices:
    """The key may not: what it lacks is said, and the form is still a form."""
    lacks = f"the permission {listing.permission}" if listing.permission else "a permission"
    said = answered.message if isinstance(answered, PermissionDenied) else ""
    return Choices(note=f"The key lacks {lacks}, so write the ID. {said}".strip())

"""What does one request see of its account: objects, the time, and who learns of changes?"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from attrs import define, field

from stripe_emulator import declare, due, present, store
from stripe_emulator.billing.retries import AfterRetries
from stripe_emulator.declare import PINNED, RESOURCES
from stripe_emulator.expand import Expansion, Tree
from stripe_emulator.message import token
from stripe_emulator.refusals import Json
from stripe_emulator.store import Store

# the name of the account that a key belongs to, and its ID
OWN = "default"
OWN_ID = "acct_1EmulatorDefault"
_MOMENTS = ("created", "date", "updated")


@define
class Account:
    """The objects of one account during one request, inside one transaction.

    `now` is the moment of what is going on: `time`, everybody's, or that of a test clock (`clock`).
    """

    store: Store
    name: str
    now: int
    request_id: str | None = None
    key: str | None = None
    pages: str = "https://emulator.invalid"
    version: str = PINNED
    after_retries: AfterRetries = "cancel"
    events: list[Json] = field(factory=list[Json])
    clock: str = ""
    search_delay: float = 0
    time: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.time = self.now

    def live(self, moment: int, clock: str = "") -> None:
        """Go to a moment of everybody's time, or of a test clock."""
        self.now = moment
        self.clock = clock
        if not clock:
            self.time = moment

    @contextmanager
    def undoable(self) -> Generator[None]:
        """Undo what happens inside when it raises, and tell nobody of it."""
        told = len(self.events)
        try:
            with self.store.undoable():
                yield
        except BaseException:
            del self.events[told:]
            raise

    @contextmanager
    def undone(self) -> Generator[None]:
        """Undo what is done inside, tell nobody of it, and come back to now."""
        told = len(self.events)
        now, clock = self.now, self.clock
        try:
            with self.store.undone():
                yield
        finally:
            del self.events[told:]
            self.live(now, clock)

    @property
    def moment(self) -> Json:
        """The period that is only now."""
        return {"end": self.now, "start": self.now}

    def new(self, kind: str, **values: Any) -> Json:
        """Make an object of this kind with its fields' defaults; it is not kept yet."""
        resource = RESOURCES[kind]
        drawn = resource.prefix + token(resource.size)
        obj: Json = {"id": drawn, "object": kind}
        obj |= resource.blank() | values
        for name in _MOMENTS:
            if name in obj and obj[name] is None:
                obj[name] = self.now
        if "test_clock" in obj:
            obj["test_clock"] = self.clock or None
        return obj

    def get(self, kind: str, id_: Any) -> Json | None:
        """Find a living object."""
        obj = self.resolve(kind, str(id_))
        return None if obj is None or obj.get("deleted") is True else obj

    def resolve(self, kind: str, id_: str) -> Json | None:
        """Find an object, or the stub of a deleted one."""
        found = self.store.one(self.name, kind, id_)
        return found[1] if found else None

    def need(self, kind: str, id_: str, param: str | None = None, status: int = 400) -> Json:
        """Find a living object or refuse: `No such …`."""
        obj = self.get(kind, id_)
        if obj is None:
            raise declare.missing(kind, id_, param, status)
        return obj

    def find(self, kind: str, **equal: Any) -> list[Json]:
        """List objects by their fields, newest first."""
        where = [(f"json_extract(body, '$.{name}') IS ?", value) for name, value in equal.items()]
        return self.store.many(self.name, kind, where)

    def create(self, obj: Json) -> Json:
        """Keep a new object and announce it."""
        self.keep(obj)
        self._announce(obj, "created")
        return obj

    def keep(self, obj: Json) -> Json:
        """Keep a new object that nobody is told of."""
        self.store.add(self.name, obj)
        self._plan(obj)
        return obj

    def _plan(self, obj: Json) -> None:
        plan = due.plan(obj)
        if plan is not None:
            self.store.plan(self.name, obj, plan, self.clock)

    def change(self, obj: Json, before: Json | None = None) -> Json:
        """Keep a changed object, and announce it when `before` tells that it was updated."""
        self.store.put(self.name, obj)
        self._plan(obj)
        if before is not None and obj != before:
            was = self.show(before)
            previous = present.difference(was, self.show(obj))
            self._announce(obj, "updated", previous)
        return obj

    def delete(self, obj: Json) -> Json:
        """Delete an object; its stub stays."""
        self._announce(obj, "deleted")
        return self.store.bury(self.name, obj)

    def _announce(self, obj: Json, what: str, previous: Json | None = None) -> None:
        resource = RESOURCES[obj["object"]]
        if what in resource.emits.split():
            self.emit(f"{resource.event}.{what}", obj, previous)

    def emit(self, type_: str, obj: Json, previous: Json | None = None) -> None:
        """Record an event about an object, to be listed and delivered."""
        data: Json = {"object": store.copied(self.show(obj))}
        if previous is not None:
            data["previous_attributes"] = previous
        event = self.new("event", data=data, type=type_)
        event |= {
            "api_version": PINNED,
            "created": self.time,
            "request": {"id": self.request_id, "idempotency_key": self.key},
        }
        self.events.append(self.keep(event))

    def show(self, obj: Json, wanted: Tree | None = None) -> Json:
        """Show an object as the API does, with what is wanted of it expanded."""
        view = present.shown(self, obj)
        if wanted:
            Expansion(self).view(view, obj, wanted)
        return view

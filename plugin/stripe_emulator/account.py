"""One account as one request sees it: its objects, the time, and what becomes known of changes."""

from __future__ import annotations

import copy
import secrets
import string
from typing import TYPE_CHECKING, Any

from attrs import define, field

from stripe_emulator import present, refusals
from stripe_emulator.refusals import Json
from stripe_emulator.resources import PINNED, RESOURCES

if TYPE_CHECKING:
    from stripe_emulator.store import Store

_LETTERS = string.ascii_letters + string.digits


def token(length: int) -> str:
    """Draw letters and digits."""
    return "".join(_LETTERS[byte % 62] for byte in secrets.token_bytes(length))


@define
class Account:
    """The objects of one account during one request, inside one transaction."""

    store: Store
    name: str
    now: int
    request_id: str | None = None
    key: str | None = None
    pages: str = "https://emulator.invalid"
    version: str = PINNED
    events: list[Json] = field(factory=list[Json])

    def new(self, kind: str, id_: str | None = None, **values: Any) -> Json:
        """Make an object of this kind with its fields' defaults; it is not kept yet."""
        resource = RESOURCES[kind]
        obj: Json = {"id": id_ or resource.prefix + token(resource.size), "object": kind}
        obj |= resource.blank() | values
        for name in ("created", "date", "updated"):
            if name in obj and obj[name] is None:
                obj[name] = self.now
        return obj

    def get(self, kind: str, id_: Any) -> Json | None:
        """Find a living object."""
        found = self.store.one(self.name, kind, str(id_))
        return None if found is None or found[1].get("deleted") is True else found[1]

    def resolve(self, kind: str, id_: str) -> Json | None:
        """Find an object, or the stub of a deleted one."""
        found = self.store.one(self.name, kind, id_)
        return found[1] if found else None

    def need(self, kind: str, id_: str, param: str | None, status: int = 400) -> Json:
        """Find a living object or refuse: ``No such …``."""
        obj = self.get(kind, id_)
        if obj is None:
            raise refusals.missing_object(RESOURCES[kind].called or kind, id_, param, status)
        return obj

    def find(self, kind: str, **equal: Any) -> list[Json]:
        """List objects by their fields, newest first."""
        where = [(f"json_extract(body, '$.{name}') IS ?", value) for name, value in equal.items()]
        return self.store.many(self.name, kind, where)

    def create(self, obj: Json) -> Json:
        """Keep a new object and announce it."""
        self.store.add(self.name, obj)
        self._announce(obj, "created")
        return obj

    def change(self, obj: Json, before: Json | None = None) -> Json:
        """Keep a changed object, and announce it when ``before`` tells that it was updated."""
        self.store.put(self.name, obj)
        if before is not None and obj != before:
            self._announce(obj, "updated", present.difference(before, obj))
        return obj

    def delete(self, obj: Json) -> Json:
        """Delete an object; its stub stays."""
        self._announce(obj, "deleted")
        self.store.bury(self.name, obj)
        return {"id": obj["id"], "object": obj["object"], "deleted": True}

    def _announce(self, obj: Json, what: str, previous: Json | None = None) -> None:
        resource = RESOURCES[obj["object"]]
        if what in resource.emits.split():
            self.emit(f"{resource.events or resource.kind}.{what}", obj, previous)

    def emit(self, what: str, obj: Json, previous: Json | None = None) -> None:
        """Record an event about an object, to be listed and delivered."""
        data: Json = {"object": copy.deepcopy(self.show(obj))}
        if previous is not None:
            data["previous_attributes"] = previous
        event = self.new(
            "event",
            api_version=PINNED,
            data=data,
            request={"id": self.request_id, "idempotency_key": self.key},
            type=what,
        )
        self.store.add(self.name, event)
        self.events.append(event)

    def show(self, obj: Json, paths: list[list[str]] | None = None) -> Json:
        """Return the object as the API shows it, expanded along these paths."""
        return present.shown(self, obj, paths or [])

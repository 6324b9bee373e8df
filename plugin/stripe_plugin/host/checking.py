"""What may a key do, of what some actions need? Nothing is written to find out."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import attrs

from stripe_plugin.client.client import Client
from stripe_plugin.errors import InvalidInputs, StripeError, UsageError
from stripe_plugin.run.context import Policy
from stripe_plugin.secrets import masked

if TYPE_CHECKING:
    from stripe_plugin.client.connection import Connection
    from stripe_plugin.declare.action import Action
    from stripe_plugin.host.host import Host

OK = "ok"
NOT_TRIED = "not tried: only what lists objects is asked"
LACKING = "Allow it on the key's page at Stripe, or leave out the actions that need it."
UNAUTHORIZED = 401  # the key itself is refused, whatever is asked
PATIENCE = Policy(retries=0, timeout=20)
Manifest = Mapping[str, Any]


@attrs.define
class Checked:
    """What was asked of an account with a key, and what it told. Made by `Host.check`."""

    mode: str  #: emulated, test or live
    account: str | None  #: the connected account; None: the key's own
    #: By what Stripe calls a permission, as in `Prices: Read`: `ok`, `not tried: …`, or why not.
    permissions: dict[str, str] = attrs.field(factory=dict[str, str])
    reachable: bool = True  #: whether anybody answered
    refused: bool = False  #: whether the key was, or all that was asked with it

    @property
    def missing(self) -> list[str]:
        """The permissions that the key has not, as far as it was asked."""
        told = self.permissions
        return [name for name in told if told[name] not in (OK, NOT_TRIED)]

    @property
    def note(self) -> str | None:
        """What is wrong and what to do, as a sentence for a form; None: nothing that was asked."""
        missing = self.missing
        if not missing:
            return None
        why = self.permissions[missing[0]]
        if not self.reachable:
            return f"Stripe does not answer: {why}"
        if self.refused:
            return f"Stripe refuses the key: {why}"
        return f"The key lacks {', '.join(missing)}: {why} {LACKING}"

    def as_dict(self) -> dict[str, Any]:
        """As JSON data."""
        return {**attrs.asdict(self), "missing": self.missing, "note": self.note}


def permissions(host: "Host", actions: Iterable[str] | None = None) -> list[str]:
    """What a restricted key needs for these actions, each once; None: for all installed."""
    needed = [_permission(manifest) for manifest in _manifests(host, actions)]
    return sorted({*needed})


def check(host: "Host", connection: "Connection", actions: Iterable[str] | None) -> Checked:
    """Asks once for each permission that can be read by a list, and for as little as can be."""
    found = Checked(connection.mode, connection.account)
    manifests = [*_manifests(host, actions)]
    found.permissions = {_permission(manifest): NOT_TRIED for manifest in manifests}
    if connection.in_process is not None:  # which permits everything
        found.permissions = dict.fromkeys(found.permissions, OK)
        return found
    with Client(connection, PATIENCE) as client:
        _ask_each(client, host, manifests, found)
    return found


def _ask_each(client: Client, host: "Host", manifests: list[Manifest], found: Checked) -> None:
    errors: list[StripeError | None] = []
    for manifest in _lists(manifests):
        permission = _permission(manifest)
        action = _least(host, manifest)
        if action is None or found.permissions[permission] != NOT_TRIED:
            continue
        error = _error(client, action)
        errors.append(error)
        found.permissions[permission] = masked(error.message) if error else OK
        if error and error.status in (None, UNAUTHORIZED):
            found.reachable = error.status is not None
            break
    found.refused = bool(errors) and all(errors)


def _manifests(host: "Host", actions: Iterable[str] | None) -> Iterator[Manifest]:
    """Those of these actions; of all that can be used if none are named."""
    if actions is not None:
        yield from map(host.manifest, actions)
        return
    for entry in host.catalog():
        with suppress(UsageError):  # which is a problem of its own
            yield host.manifest(entry["id"])


def _permission(manifest: Manifest) -> str:
    """What Stripe calls it, or what is asked where it has no name for it."""
    return manifest["permission"] or f"{manifest['method']} {manifest['path']}"


def _lists(manifests: Iterable[Manifest]) -> Iterator[Manifest]:
    """Those of the actions that read without knowing an ID."""
    for manifest in manifests:
        must = any(row["required"] for row in manifest["inputs"])
        if manifest["method"] == "GET" and not must:
            yield manifest


def _least(host: "Host", manifest: Manifest) -> "Action | None":
    """The action, asking for as little as it can; None if it wants something that is not known."""
    names = [row["key"] for row in manifest["inputs"]]
    inputs = {"Limit": 1} if "Limit" in names else {}
    with suppress(InvalidInputs, UsageError):
        return host.action(manifest["id"]).read(inputs)
    return None


def _error(client: Client, action: "Action") -> StripeError | None:
    """Why Stripe does not do it, if so."""
    try:
        client.run(action)
    except StripeError as error:
        return error
    return None

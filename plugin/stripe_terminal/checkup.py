"""What is installed, can its state be kept, which account is it, and what may its key do?"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import attrs

from stripe_plugin.errors import InvalidInputs, StripeError, UsageError
from stripe_terminal.report import REFUSED, UNEXPECTED, UNSURE
from stripe_terminal.session import Session, home

if TYPE_CHECKING:
    from stripe_plugin.client.client import Client
    from stripe_plugin.client.connection import Connection
    from stripe_plugin.declare.action import Action
    from stripe_plugin.host.discovery import Found
    from stripe_plugin.host.host import Host

OK = "ok"
NOT_TRIED = "not tried: only what lists objects is asked"
UNAUTHORIZED = 401  # the key itself is refused, whatever is asked
Facts = dict[str, Any]


def installed(host: "Host") -> Facts:
    """Versions, actions and plugins, what is wrong with them, and where the state is kept."""
    about = host.about()
    found: Facts = {name: about[name] for name in ("version", "python")}
    found["api_version"] = about["stripe_version"]
    found["plugins"] = [_plugin(each) for each in host.loaded]
    found["blocked"] = host.blocked
    found["required"] = host.required
    found["actions"] = len(host.catalog())
    found["problems"] = [problem._asdict() for problem in host.problems]
    found["problems"] += _broken(host)
    return found | _state()


def _plugin(found: "Found") -> Facts:
    distribution, _, name = found.name.partition(":")
    dist = found.point.dist
    return {
        "name": name,
        "distribution": distribution,
        "version": dist.version if dist else None,
        "entry_point": found.point.value,
        "group": found.point.group,
    }


def _broken(host: "Host") -> Iterator[Facts]:
    """The actions that are listed and cannot be used, and why."""
    for entry in host.catalog():
        try:
            host.manifest(entry["id"])
            host.action(entry["id"])
        except UsageError as error:
            yield {"name": entry["id"], "distribution": entry["plugin"], "reason": str(error)}


def _state() -> Facts:
    """The state folder, or why there is none that can be written."""
    try:
        return {"home": str(home()), "home_problem": None}
    except UsageError as error:
        return {"home": None, "home_problem": str(error)}


def account(session: Session) -> Facts:
    """Mode, account, address and proxy (none for the emulator), and what the key may do."""
    connection = session.connection
    found: Facts = {"mode": connection.mode, "account": connection.account}
    found["address"] = found["proxy"] = None
    asked = _Asked()
    if not session.emulated:  # which permits everything
        found["address"] = connection.base_url
        found["proxy"] = _proxy(connection)
        asked.ask(session)
    found["permissions"] = asked.told
    found["reachable"] = asked.reachable
    found["refused"] = asked.refused
    return found


def exit_code(found: Facts) -> int:
    """What a script learns of it."""
    if not found["reachable"]:
        return UNSURE
    if found["refused"]:
        return REFUSED
    return UNEXPECTED if found["problems"] else 0


def _proxy(connection: "Connection") -> str | None:
    """The proxy without the name and password that it may hold."""
    from stripe_plugin.client.address import proxy_of

    url = proxy_of(connection.address)
    if url is None:
        return None
    scheme, _, rest = url.partition("://")
    _, _, place = rest.rpartition("@")
    return f"{scheme}://{place}"


@attrs.define
class _Asked:
    """What was asked of an account, and what it told."""

    told: dict[str, str] = attrs.field(factory=dict[str, str])  # by permission
    reachable: bool = True
    refused: bool = False  # the key, or all that was asked with it

    def ask(self, session: Session) -> None:
        """Asks once for each permission that can be read by a list."""
        from stripe_plugin.client.client import Client
        from stripe_plugin.run.context import Policy

        manifests = [*_manifests(session.host)]
        self.told = {_permission(manifest): NOT_TRIED for manifest in manifests}
        policy = Policy(retries=0, timeout=20)
        with Client(session.connection, policy) as client:
            self._ask_each(client, session.host, _lists(manifests))

    def _ask_each(self, client: "Client", host: "Host", lists: Iterable[Facts]) -> None:
        errors: list[StripeError | None] = []
        for manifest in lists:
            permission = _permission(manifest)
            action = _least(host, manifest)
            if action is None or self.told[permission] != NOT_TRIED:
                continue
            error = _error(client, action)
            errors.append(error)
            self.told[permission] = error.message if error else OK
            if error and error.status in (None, UNAUTHORIZED):
                self.reachable = error.status is not None
                break
        self.refused = bool(errors) and all(errors)


def _manifests(host: "Host") -> Iterator[Facts]:
    """Those of all actions that can be used; the others are problems."""
    for entry in host.catalog():
        with suppress(UsageError):
            yield host.manifest(entry["id"])


def _permission(manifest: Facts) -> str:
    """What Stripe calls it, or what is asked where it has no name for it."""
    return manifest["permission"] or f"{manifest['method']} {manifest['path']}"


def _lists(manifests: Iterable[Facts]) -> Iterator[Facts]:
    """Those of the actions that read without knowing an ID."""
    for manifest in manifests:
        must = any(row["required"] for row in manifest["inputs"])
        if manifest["method"] == "GET" and not must:
            yield manifest


def _least(host: "Host", manifest: Facts) -> "Action | None":
    """The action, asking for as little as it can; None if it wants something that is not known."""
    names = [row["key"] for row in manifest["inputs"]]
    inputs = {"Limit": 1} if "Limit" in names else {}
    with suppress(InvalidInputs, UsageError):
        return host.action(manifest["id"]).read(inputs)
    return None


def _error(client: "Client", action: "Action") -> StripeError | None:
    """Why Stripe does not do it, if so."""
    try:
        client.run(action)
    except StripeError as error:
        return error
    return None

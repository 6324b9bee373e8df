"""What is installed, can its state be kept, which account is it, and what may its key do?"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from stripe_plugin.errors import UsageError
from stripe_terminal.report import REFUSED, UNEXPECTED, UNSURE
from stripe_terminal.session import Session, emulator_file, home

if TYPE_CHECKING:
    from stripe_plugin.client.connection import Connection
    from stripe_plugin.host.discovery import Found
    from stripe_plugin.host.host import Host

Facts = dict[str, Any]


def installed(host: "Host") -> Facts:
    """Versions, actions and plugins, what is or looks wrong, and where the state is kept."""
    about = host.about()
    found: Facts = {name: about[name] for name in ("version", "python")}
    found["api_version"] = about["stripe_version"]
    found["plugins"] = [_plugin(each) for each in host.loaded]
    found["blocked"] = host.blocked
    found["required"] = host.required
    found["actions"] = len(host.catalog())
    found["problems"] = [problem._asdict() for problem in host.problems]
    found["problems"] += _broken(host)
    found["warnings"] = [warning._asdict() for warning in host.warnings()]
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
    found = session.host.check(connection).as_dict()
    found["address"] = found["proxy"] = None
    found["file"] = str(emulator_file()) if session.emulated else None
    if not session.emulated:
        found["address"] = connection.base_url
        found["proxy"] = _proxy(connection)
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

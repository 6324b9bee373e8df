"""What is installed, which account is it, and what may its key read?"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from stripe_plugin.errors import StripeError
from stripe_terminal.report import UNEXPECTED, UNSURE
from stripe_terminal.session import Session, home

if TYPE_CHECKING:
    from stripe_plugin.client.client import Client
    from stripe_plugin.declare.action import Action
    from stripe_plugin.host.host import Host

OK = "ok"
Facts = dict[str, Any]
Answer = tuple[str, StripeError | None]  # a permission, and what says that it is missing


def installed(host: "Host") -> Facts:
    """How many actions and which plugins there are, what is wrong, where the state is kept."""
    found: Facts = {}
    names = {each.name: None for each in host.loaded}
    found["plugins"] = [_plugin(name) for name in names]
    found["blocked"] = host.blocked
    found["required"] = host.required
    found["actions"] = len(host.catalog())
    found["problems"] = [problem._asdict() for problem in host.problems]
    found["home"] = str(home())
    return found


def _plugin(name: str) -> Facts:
    distribution, _, own = name.partition(":")
    return {"name": own, "distribution": distribution}


def account(session: Session) -> Facts:
    """Mode, account, address (none for the emulator), what the key may read, and why not."""
    connection = session.connection
    permissions: dict[str, str] = {}
    found: Facts = {}
    found["mode"] = connection.mode
    found["account"] = connection.account
    found["address"] = None
    if not session.emulated:
        found["address"] = connection.base_url
    found["permissions"] = permissions
    found["reachable"] = True
    for name, error in _answers(session):
        permissions[name] = OK
        if error:
            permissions[name] = error.message
        if error and error.status is None:
            found["reachable"] = False
            break
    return found


def exit_code(found: Facts) -> int:
    """What a script learns of it."""
    if not found["reachable"]:
        return UNSURE
    return UNEXPECTED if found["problems"] else 0


def _answers(session: Session) -> Iterator[Answer]:
    """Asks for one object of each kind. The emulator permits everything."""
    from stripe_plugin.client.client import Client
    from stripe_plugin.run.context import Policy

    if session.emulated:
        return
    policy = Policy(retries=0, timeout=20)
    with Client(session.connection, policy) as client:
        for action in _lists(session.host):
            permission = str(action.spec.permission)
            error = _asked(client, action)
            yield permission, error


def _lists(host: "Host") -> Iterator["type[Action]"]:
    """The actions that list all objects of a kind."""
    for entry in host.catalog():
        manifest = host.manifest(entry["id"])
        of_one = "{" in manifest["path"]
        if manifest["method"] == "GET" and not of_one:
            yield host.action(entry["id"])


def _asked(client: "Client", action: "type[Action]") -> StripeError | None:
    least = action.read({"Limit": 1})
    try:
        client.run(least)
    except StripeError as error:
        return error
    return None

"""What is installed, which account is it, and what may its key read?"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from stripe_plugin.errors import StripeError
from stripe_terminal.report import UNEXPECTED, UNSURE
from stripe_terminal.session import Session, home

if TYPE_CHECKING:
    from stripe_plugin.client.client import Client
    from stripe_plugin.host.host import Host

OK = "ok"
Facts = dict[str, Any]


def installed(host: "Host") -> Facts:
    """How many actions there are, what could not be used, where the state is kept."""
    problems = [problem._asdict() for problem in host.problems]
    return {"actions": len(host.catalog()), "problems": problems, "home": str(home())}


def account(session: Session) -> Facts:
    """Mode, account, address (none for the emulator), what the key may read, and why not."""
    connection = session.connection
    found: Facts = {"mode": connection.mode, "account": connection.account}
    found["address"] = None if session.emulated else connection.base_url
    found["permissions"] = permissions = dict[str, str]()
    found["reachable"] = True
    for name, error in _answers(session):
        permissions[name] = error.message if error else OK
        if error and error.status is None:
            found["reachable"] = False
            break
    return found


def exit_code(found: Facts) -> int:
    """What a script learns of it."""
    if not found["reachable"]:
        return UNSURE
    return UNEXPECTED if found["problems"] else 0


def _answers(session: Session) -> Iterator[tuple[str, StripeError | None]]:
    """Asks for one object of each kind. The emulator permits everything."""
    from stripe_plugin.client.client import Client
    from stripe_plugin.run.context import Policy

    if session.emulated:
        return
    policy = Policy(retries=0, timeout=20)
    with Client(session.connection, policy) as client:
        for entry in session.host.catalog():
            manifest = session.host.manifest(entry["id"])
            if manifest["method"] == "GET" and "{" not in manifest["path"]:
                permission = str(manifest["permission"])
                yield permission, _asked(session, client, entry["id"])


def _asked(session: Session, client: "Client", action_id: str) -> StripeError | None:
    action = session.host.action(action_id)
    try:
        client.run(action.read({"Limit": 1}))
    except StripeError as error:
        return error
    return None

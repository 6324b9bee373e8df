"""What is there that is not Stripe's: the payment page, and the desk where faults are ordered?"""

import json
from typing import TYPE_CHECKING, Any

from stripe_emulator import faults, parse, pay
from stripe_emulator.message import Answer, Request, refused
from stripe_emulator.refusals import Json, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_emulator.emulator import Emulator

    Page = Callable[[Emulator, Request], Answer]

_DESK = "/_emulator/"
_MOST_BYTES = 100_000


def find(path: str) -> "Page | None":
    """Find the page behind a path that is not the API's."""
    if path.startswith(_DESK):
        return _desk
    return pay.answer if pay.PATH.fullmatch(path) else None


def _desk(emulator: "Emulator", request: Request) -> Answer:
    place = request.path.removeprefix(_DESK)
    work = _WORK.get((request.method, place))
    if work is None:
        return refused(Refusal("The emulator's desk has faults and executed.", status=404))
    try:
        return Answer.of(200, work(emulator, request))
    except Refusal as refusal:
        return refused(refusal)


def _list(emulator: "Emulator", _request: Request) -> Json:
    return {"data": emulator.faults.list()}


def _order(emulator: "Emulator", request: Request) -> Json:
    fault = faults.ordered(_json(request))
    return {"id": emulator.faults.add(fault)}


def _clear(emulator: "Emulator", _request: Request) -> Json:
    emulator.faults.clear()
    return {"data": []}


def _count(emulator: "Emulator", request: Request) -> Json:
    given = parse.tree(request.query)
    what = str(given.get("of", ""))
    return {"of": what, "count": emulator.executed(what)}


_WORK: "dict[tuple[str, str], Callable[[Emulator, Request], Json]]" = {
    ("GET", "faults"): _list,
    ("POST", "faults"): _order,
    ("DELETE", "faults"): _clear,
    ("GET", "executed"): _count,
}


def _json(request: Request) -> Any:
    """Read the body; only JSON, which no form of a foreign page can send, is taken."""
    if request.content_type != "application/json":
        given = request.content_type or "nothing"
        message = f"The emulator's desk takes application/json, and this says {given[:80]}."
        raise Refusal(message, status=415)
    if len(request.body) > _MOST_BYTES:
        raise Refusal(f"An order at the desk has at most {_MOST_BYTES} bytes.", status=413)
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        raise Refusal("This is not JSON.") from None

"""What is not Stripe's: the payment page, and the desk where faults are ordered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from stripe_emulator import checkout, faults, lifecycle, parse, pay, webhooks
from stripe_emulator.refusals import Json, Refusal

if TYPE_CHECKING:
    from stripe_emulator.account import Account
    from stripe_emulator.emulator import Answer, Emulator, Request

Page = Callable[["Emulator", "Request"], "Answer"]


def find(path: str) -> Page | None:
    """Find the page behind a path that is not the API's."""
    if path.startswith("/_emulator/"):
        return _desk
    return _payment_page if re.fullmatch(r"/pay/cs_[A-Za-z0-9_]{1,80}", path) else None


def _desk(world: Emulator, request: Request) -> Answer:
    from stripe_emulator.emulator import Answer, refused

    try:
        return Answer.of(200, _ordered(world, request))
    except Refusal as refusal:
        return refused(refusal)


def _ordered(world: Emulator, request: Request) -> Any:
    match request.method, request.path:
        case "GET", "/_emulator/faults":
            return {"data": world.faults.list()}
        case "POST", "/_emulator/faults":
            return {"id": world.faults.add(faults.ordered(_json(request.body)))}
        case "DELETE", "/_emulator/faults":
            world.faults.clear()
            return {"data": []}
        case "GET", "/_emulator/executed":
            what = str(parse.tree(request.query).get("of", ""))
            return {"of": what, "count": world.executed(what)}
        case _:
            raise Refusal("The emulator's desk has faults and executed.", status=404)


def _json(body: bytes) -> Any:
    if len(body) > parse.MOST_BYTES:
        raise Refusal("This is too large.", status=413)
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal("This is not JSON.") from None


def _payment_page(world: Emulator, request: Request) -> Answer:
    from stripe_emulator.emulator import Answer

    id_ = request.path.rpartition("/")[2]
    try:
        given = request.given() if request.method == "POST" else {}
        with world.store.transaction(write=True):
            owner = world.store.owner("checkout.session", id_)
            if owner is None:
                return Answer.page(404, pay.message("There is no such payment."))
            account = world.account(owner, request.id)
            checkout.expire_overdue(account)
            answer = _served(account, account.need("checkout.session", id_, None), given)
            found = webhooks.deliveries(account)
    except Refusal as refusal:
        return Answer.page(refusal.status, pay.message(str(refusal)))
    world.postman.take(found)
    return answer


def _served(account: Account, session: Json, given: Json) -> Answer:
    from stripe_emulator.emulator import Answer

    lines = session["_line_items"]
    action = given.get("action")
    if action == "cancel":
        return _onwards(pay.target(session, "cancel_url"), "You can close this page.")
    if action != "pay" or session["status"] != "open":
        return Answer.page(200, pay.page(session, lines))
    wanted = {name: value for name in ("payment_method", "email")
              if isinstance(value := given.get(name), str) and value}  # fmt: skip
    before = dict(session)
    try:
        with account.store.undoable():
            complete = lifecycle.BEHAVIOURS["checkout.session.complete"]
            paid = complete(account, session, lifecycle.Given(wanted, before))
    except Refusal as refusal:
        account.events.clear()
        return Answer.page(402, pay.page(before, lines, str(refusal)))
    return _onwards(pay.target(paid, "success_url"), "Thank you. This payment is complete.")


def _onwards(url: str | None, said: str) -> Answer:
    from stripe_emulator.emulator import Answer

    if url is None:
        return Answer.page(200, pay.message(said))
    safe = quote(url, safe="%/:=&?~#+!$,;'@()*[]{}")
    return Answer.page(303, pay.message(said), {"Location": safe})

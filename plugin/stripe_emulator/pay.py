"""What does somebody see who follows a link: to a Checkout Session, a payment link, a portal?

Plain HTML that works without JavaScript.
"""

import re
from html import escape
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import quote

from stripe_emulator import clocks, lifecycle, webhooks
from stripe_emulator.account import Account
from stripe_emulator.message import Answer, Request
from stripe_emulator.refusals import Json, Refusal, money

if TYPE_CHECKING:
    from stripe_emulator.emulator import Emulator

PATH = re.compile(r"/(pay/cs|buy/plink|portal/bps)_[A-Za-z0-9_]{1,80}")
_PORTAL = Template("""<h1>Customer portal</h1>
<p>What $customer could do here, the emulator does not simulate.</p>$back""")
_URL_CHARACTERS = "%/:=&?~#+!$,;'@()*[]{}"

# As it is between the tags: whoever serves the page may let a browser take this and no other.
STYLE = """body{font:16px/1.5 system-ui,sans-serif;background:#f6f8fa;color:#1a1f36;margin:0}
main{max-width:26rem;margin:4rem auto;padding:2rem;background:#fff;border-radius:12px;
box-shadow:0 2px 12px #0002}
h1{font-size:1.1rem;margin:0 0 1rem}table{width:100%;border-collapse:collapse;margin:0 0 1rem}
td{padding:.4rem 0;border-bottom:1px solid #e3e8ee}td:last-child{text-align:right}
tr:last-child td{border:0;font-weight:600}label{display:block;margin:.6rem 0}
select,input{font:inherit;width:100%;padding:.5rem;box-sizing:border-box}
button{font:inherit;width:100%;padding:.7rem;margin-top:.8rem;border:0;border-radius:8px;
background:#635bff;color:#fff;cursor:pointer}button.quiet{background:#e3e8ee;color:#1a1f36}
.problem{color:#a41c4e}.note{color:#697386;font-size:.85rem}
"""
_PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>$style</style></head><body><main>$content
<p class="note">Emulator: no real card, no real money.</p></main></body></html>
""")
_CHECKOUT = Template("""<h1>Checkout</h1><table>$rows</table>
$problem
<form method="post"><label>Email<input name="email" type="email" value="$email"></label>
$code<label>Card<select name="payment_method">$cards</select></label>
<button name="action" value="pay">$verb</button>
<button name="action" value="cancel" class="quiet" formnovalidate>Cancel</button></form>""")
_CODE = '<label>Promotion code<input name="promotion_code"></label>'
_CARDS = {
    "pm_card_visa": "Visa 4242 – succeeds",
    "pm_card_mastercard": "Mastercard 4444 – succeeds",
    "pm_card_chargeDeclined": "Visa 0002 – declined",
    "pm_card_chargeDeclinedInsufficientFunds": "Visa 9995 – insufficient funds",
    "pm_card_chargeDeclinedExpiredCard": "Visa 0069 – expired card",
}
_VERBS = {"payment": "Pay", "subscription": "Subscribe", "setup": "Save card"}
_OVER = {"complete": "This payment is complete.", "expired": "This page has expired."}


def answer(emulator: "Emulator", request: Request) -> Answer:
    """Show the page behind a link, or do what one of its buttons says."""
    emulator.catch_up()
    try:
        with emulator.transaction(write=True):
            served, deliveries = _found(emulator, request)
    except Refusal as refusal:
        return Answer.page(refusal.status, message(str(refusal)))
    emulator.postman.take(deliveries)
    return served


def _found(emulator: "Emulator", request: Request) -> tuple[Answer, list[webhooks.Delivery]]:
    """Serve the page of whatever has the ID in the path, in the account that it is of."""
    _, place, id_ = request.path.split("/")
    kind, serve = _PLACES[place]
    given = request.given() if request.method == "POST" else {}
    owner = emulator.store.owner(kind, id_)
    if owner is None:
        raise Refusal("There is no such payment.", status=404)
    account = emulator.account(owner, request.id)
    found = account.need(kind, id_)
    clocks.follow(account, found)
    served = serve(account, found, given)
    return served, webhooks.deliveries(account)


def _served(account: Account, session: Json, given: Json) -> Answer:
    action = given.get("action")
    if action == "cancel":
        return _onwards(session, "cancel_url", "You can close this page.")
    if action == "pay" and session["status"] == "open":
        return _paid(account, session, given)
    return Answer.page(200, page(session))


def _bought(account: Account, link: Json, _given: Json) -> Answer:
    """Open a session of a payment link, and go on to its page."""
    session = lifecycle.do("payment_link.open", account, link, {})
    return Answer.page(303, message("Checkout"), {"Location": f"/pay/{session['id']}"})


def _portal(_account: Account, session: Json, _given: Json) -> Answer:
    url = session["return_url"]
    back = f'<p><a href="{escape(url, quote=True)}">Go back</a></p>' if url else ""
    content = _PORTAL.substitute(customer=escape(session["customer"]), back=back)
    return Answer.page(200, _drawn(content))


_PLACES = {
    "pay": ("checkout.session", _served),
    "buy": ("payment_link", _bought),
    "portal": ("billing_portal.session", _portal),
}


def _paid(account: Account, session: Json, given: Json) -> Answer:
    before = dict(session)
    chosen = lifecycle.picked(given, "payment_method email promotion_code")
    typed = {name: value for name, value in chosen.items() if value}
    texts = {name: value for name, value in typed.items() if isinstance(value, str)}
    try:
        with account.undoable():
            paid = lifecycle.do("checkout.session.complete", account, session, texts)
    except Refusal as refusal:
        return Answer.page(402, page(before, str(refusal)))
    return _onwards(paid, "success_url", "Thank you. This payment is complete.")


def _onwards(session: Json, name: str, sentence: str) -> Answer:
    """Send the payer to a URL of the session, with its id put in; without one, say it here."""
    url = session[name]
    if not url:
        return Answer.page(200, message(sentence))
    target = url.replace("{CHECKOUT_SESSION_ID}", session["id"])
    location = quote(target, safe=_URL_CHARACTERS)
    return Answer.page(303, message(sentence), {"Location": location})


def page(session: Json, problem: str = "") -> str:
    """Draw the page of a session: what is paid, a choice of test cards, Pay and Cancel."""
    if session["status"] != "open":
        return message(_OVER[session["status"]])
    content = _CHECKOUT.substitute(
        rows="".join(_rows(session)),
        problem=f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else "",
        email=escape(session["customer_email"] or "", quote=True),
        code=_CODE if session["allow_promotion_codes"] else "",
        cards="".join(f'<option value="{id_}">{text}</option>' for id_, text in _CARDS.items()),
        verb=_VERBS[session["mode"]],
    )
    return _drawn(content)


def _rows(session: Json) -> list[str]:
    currency = session["currency"] or "usd"
    priced = [(_described(line), line["amount_subtotal"]) for line in session["_line_items"]]
    priced += [(text, amount) for text, amount in _beside(session) if amount]
    priced.append(("Total", session["amount_total"] or 0))
    return [_row(text, amount, currency) for text, amount in priced]


def _described(line: Json) -> str:
    return f"{line['description'] or ''} × {line['quantity']}"


def _beside(session: Json) -> list[tuple[str, int]]:
    """What is between the lines and the total; of taxes those on top."""
    details: Json | None = session["total_details"]
    if details is None:
        return []
    off, shipping = details["amount_discount"], details["amount_shipping"]
    tax = session["amount_total"] - session["amount_subtotal"] + off - shipping
    return [("Discount", -off), ("Shipping", shipping), ("Tax", tax)]


def _row(text: str, amount: int, currency: str) -> str:
    return f"<tr><td>{escape(text)}</td><td>{escape(money(amount, currency))}</td></tr>"


def message(text: str) -> str:
    """Draw a page that only says something."""
    return _drawn(f"<h1>{escape(text)}</h1>")


def _drawn(content: str) -> str:
    return _PAGE.substitute(title="Checkout", style=STYLE, content=content)

"""The payment page of a Checkout Session: plain HTML that works without JavaScript."""

from __future__ import annotations

from html import escape
from string import Template

from stripe_emulator.refusals import Json, money

_PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body{font:16px/1.5 system-ui,sans-serif;background:#f6f8fa;color:#1a1f36;margin:0}
main{max-width:26rem;margin:4rem auto;padding:2rem;background:#fff;border-radius:12px;
box-shadow:0 2px 12px #0002}
h1{font-size:1.1rem;margin:0 0 1rem}table{width:100%;border-collapse:collapse;margin:0 0 1rem}
td{padding:.4rem 0;border-bottom:1px solid #e3e8ee}td:last-child{text-align:right}
tr:last-child td{border:0;font-weight:600}label{display:block;margin:.6rem 0}
select,input{font:inherit;width:100%;padding:.5rem;box-sizing:border-box}
button{font:inherit;width:100%;padding:.7rem;margin-top:.8rem;border:0;border-radius:8px;
background:#635bff;color:#fff;cursor:pointer}button.quiet{background:#e3e8ee;color:#1a1f36}
.problem{color:#a41c4e}.note{color:#697386;font-size:.85rem}
</style></head><body><main>$content
<p class="note">Emulator: no real card, no real money.</p></main></body></html>
""")
_OUTCOMES = {
    "pm_card_visa": "Visa 4242 – succeeds",
    "pm_card_mastercard": "Mastercard 4444 – succeeds",
    "pm_card_chargeDeclined": "Visa 0002 – declined",
    "pm_card_chargeDeclinedInsufficientFunds": "Visa 9995 – insufficient funds",
    "pm_card_chargeDeclinedExpiredCard": "Visa 0069 – expired card",
}


def page(session: Json, lines: list[Json], problem: str = "") -> str:
    """Draw the page of a session: what is paid, a choice of test cards, Pay and Cancel."""
    if session["status"] != "open":
        said = {"complete": "This payment is complete.", "expired": "This page has expired."}
        return _drawn("Checkout", f"<h1>{said[session['status']]}</h1>")
    currency = session["currency"] or "usd"
    rows = [(f"{line['description'] or ''} × {line['quantity']}", line["amount_total"])
            for line in lines]  # fmt: skip
    rows.append(("Total", session["amount_total"] or 0))
    table = "".join(f"<tr><td>{escape(text)}</td><td>{escape(money(amount, currency))}</td></tr>"
                    for text, amount in rows)  # fmt: skip
    cards = "".join(f'<option value="{name}">{text}</option>' for name, text in _OUTCOMES.items())
    email = escape(session["customer_email"] or "", quote=True)
    verb = {"payment": "Pay", "subscription": "Subscribe", "setup": "Save card"}[session["mode"]]
    return _drawn(
        "Checkout",
        f"""<h1>Checkout</h1><table>{table}</table>
{f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""}
<form method="post"><label>Email<input name="email" type="email" value="{email}"></label>
<label>Card<select name="payment_method">{cards}</select></label>
<button name="action" value="pay">{verb}</button>
<button name="action" value="cancel" class="quiet" formnovalidate>Cancel</button></form>""",
    )


def message(text: str) -> str:
    """Draw a page that only says something."""
    return _drawn("Checkout", f"<h1>{escape(text)}</h1>")


def _drawn(title: str, content: str) -> str:
    return _PAGE.substitute(title=escape(title), content=content)


def target(session: Json, name: str) -> str | None:
    """Where the payer goes next: ``success_url`` or ``cancel_url`` with the session's id put in."""
    url = session[name]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"]) if url else None

"""What is typed into the forms: the example of each row, with objects behind its IDs."""

from typing import Any
from urllib.parse import urlencode

from support import right

from stripe_plugin import Connection, Host

PAID = {"confirm": True, "return_url": "https://a.example"}
KEY = {"Authorization": "Bearer sk_test_emulator"}
URLS = {"Success URL": "https://a.example/ok", "Cancel URL": "https://a.example/no"}
# What an example asks for that not every object of its kind can do.
LEFT_OUT = {
    "update_product": ("Default Price",),  # the price is another product's
    "create_checkout_session": ("Automatic Tax",),  # which the emulator does not simulate
    # The price is paid once.
    "create_payment_link": ("Automatic Tax", "Subscription Data"),
    "create_customer_portal_session": ("Configuration",),
    "preview_invoice": ("Proration Date",),  # of another period
    "list_events": ("Delivery Success",),  # nor that
    "update_checkout_session": ("Line Items", "Shipping Options"),  # only where it is embedded
}

PAGED = ("Page",)  # which only another search gives
SENT = ("send_invoice", "void_invoice", "mark_invoice_uncollectible")
Inputs = dict[str, Any]


def fill(value: Any, ids: dict[str, str]) -> Any:
    """The value with the IDs of objects that are there in place of those of examples."""
    if isinstance(value, dict):
        return {key: fill(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, ids) for item in value]
    return ids.get(value, value) if isinstance(value, str) else value


class World:
    """An emulator in which every ID of the examples has an object that can be acted on."""

    def __init__(self, host: Host, connection: Connection) -> None:
        self._host, self._connection = host, connection

    def example(self, action: str) -> Inputs:
        """The examples of as many rows as may be filled, by parameter, ready to be run."""
        keys = LEFT_OUT.get(action, PAGED if action.startswith("search_") else ())
        given = {key: value for key, value in right(action).items() if key not in keys}
        ids = self.ids(action)
        if action in SENT:
            ids["in_123"] = self._sent(ids["cus_123"], final=action != "send_invoice")
        if action == "capture_payment_intent":
            ids["pi_123"] = self._held()
        names = self._host.action(action).spec.names
        return {names[key]: fill(value, ids) for key, value in given.items()}

    def ids(self, action: str) -> dict[str, str]:
        """Objects that the action can use, by the IDs of examples."""
        ids = self._ids()
        if "subscription" in action or action == "preview_invoice":
            ids["price_123"] = ids["price_456"]
        return ids | self._link() if "payment_link" in action else ids

    def _run(self, action: str, inputs: Inputs, **more: Any) -> Any:
        return self._host.run(action, inputs, connection=self._connection, **more).output

    def _ids(self) -> dict[str, str]:
        customer = self._run("create_customer", {"Email": "a@b.example"})["id"]
        return {
            "cus_123": customer,
            **self._method(customer),
            **self._catalogue(),
            **self._subscription(customer),
            **self._payment(),
            **self._session(),
            **self._codes(),
        }

    def _method(self, customer: str) -> dict[str, str]:
        emulator = self._connection.in_process
        assert emulator
        body = urlencode({"customer": customer}).encode()
        path = "/v1/payment_methods/pm_card_visa/attach"
        emulator.answer("POST", path, KEY, body)
        return {"pm_123": "pm_card_visa", "pm_456": "pm_card_visa"}

    def _catalogue(self) -> dict[str, str]:
        product = self._run("create_product", {"Name": "Lamp"})["id"]
        return {"prod_123": product, "price_123": self._price(), "price_456": self._monthly()}

    def _price(self, **more: Any) -> str:
        data = {"Currency": "usd", "Unit Amount": 900, "Product Data": {"name": "Lamp"}}
        return str(self._run("create_price", {**data, **more})["id"])

    def _monthly(self) -> str:
        return self._price(Recurring={"interval": "month"})

    def _subscription(self, customer: str) -> dict[str, str]:
        items = [{"price": self._monthly(), "quantity": 1}]
        sent = {"Collection Method": "send_invoice", "Days Until Due": 7}
        made = self._run("create_subscription", {"Customer": customer, "Items": items, **sent})
        draft = self._run("create_invoice", {"Customer": customer})
        line = self._line(customer, draft["id"])
        [shown] = self._run("list_invoice_lines", {"Invoice ID": draft["id"]})["data"]
        return {
            "sub_123": made["id"],
            "si_123": made["items"]["data"][0]["id"],
            "in_123": draft["id"],
            "ii_123": line,
            "il_123": shown["id"],
        }

    def _line(self, customer: str, invoice: str) -> str:
        money = {"Amount": 500, "Currency": "usd"}
        line = {"Customer": customer, "Invoice": invoice, **money}
        return str(self._run("create_invoice_item", line)["id"])

    def _sent(self, customer: str, *, final: bool) -> str:
        """An invoice that is sent to its customer, as a draft or final."""
        sent = {"Collection Method": "send_invoice", "Days Until Due": 7}
        made = self._run("create_invoice", {"Customer": customer, **sent})
        self._line(customer, made["id"])
        if final:
            self._run("finalize_invoice", {"Invoice ID": made["id"]})
        return str(made["id"])

    def _held(self) -> str:
        """A payment whose money is held, and not taken yet."""
        data = {"Amount": 2000, "Currency": "usd", "Payment Method": "pm_card_visa"}
        extra = {**PAID, "capture_method": "manual"}
        return str(self._run("create_payment_intent", data, extra=extra)["id"])

    def _payment(self) -> dict[str, str]:
        data = {"Amount": 2000, "Currency": "usd", "Payment Method": "pm_card_visa"}
        paid = self._run("create_payment_intent", data, extra=PAID)
        open_ = self._run("create_payment_intent", {"Amount": 2000, "Currency": "usd"})
        part = {"Payment Intent ID": paid["id"], "Amount": 100}
        refund = self._run("refund_payment", part)
        [event] = self._run("list_events", {"Limit": 1})["data"]
        return {
            "ch_123": paid["latest_charge"],
            "pi_123": open_["id"],
            "re_123": refund["id"],
            "evt_123": event["id"],
        }

    def _codes(self) -> dict[str, str]:
        """A coupon with a code, another one, and an ID that is free."""
        coupon, other = (self._run("create_coupon", {"Percent Off": 10})["id"] for _ in range(2))
        promotion = {"type": "coupon", "coupon": coupon}
        codes = [
            self._run("create_promotion_code", {"Promotion": promotion})["id"] for _ in range(2)
        ]
        coupons = {"SPRING": coupon, "AUTUMN": other, "123": coupon, "456": other}
        return {**coupons, "promo_123": codes[0], "promo_456": codes[1]}

    def _link(self) -> dict[str, str]:
        made = self._run(
            "create_payment_link", {"Line Items": [{"price": self._price(), "quantity": 1}]}
        )
        listed = self._run("list_payment_link_line_items", {"Payment Link ID": made["id"]})
        return {"plink_123": made["id"], "li_123": listed["data"][0]["id"]}

    def _session(self) -> dict[str, str]:
        items = [{"price": self._price(), "quantity": 1}]
        made = self._run(
            "create_checkout_session", {"Mode": "payment", "Line Items": items, **URLS}
        )
        listed = self._run("list_checkout_session_line_items", {"ID": made["id"]})
        return {"cs_123": made["id"], "li_123": listed["data"][0]["id"]}

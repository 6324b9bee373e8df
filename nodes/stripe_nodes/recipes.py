"""Recipes: what takes several actions, or one with a hidden turn, as one."""

from typing import Any

from stripe_nodes import rows, rules
from stripe_nodes.costs import Cost
from stripe_nodes.customers import CreateCustomer, ListCustomers
from stripe_nodes.invoice_items import CreateInvoiceItem
from stripe_nodes.invoices import CreateInvoice, FinalizeInvoice, PreviewInvoice, SendInvoice
from stripe_nodes.resources import CUSTOMER, INVOICE, PAYMENT_LINK, PRICE, SUBSCRIPTION
from stripe_nodes.subscriptions import RetrieveSubscription, UpdateSubscription
from stripe_plugin import (
    Action,
    InvalidInputs,
    One,
    Problem,
    Recipe,
    action,
    optional,
    path_id,
    required,
    rule,
)
from stripe_plugin.declare.recipe import Call, Calls, Done

_LINE = rule.keys(
    description=rule.may(str, "Setup", "What the line says", rule.max_length(5000)),
    price=rule.may(
        str,
        "price_123",
        "A one-time price",
        rule.required_if_empty("Amount"),
        rule.excludes("Amount"),
        rule.reference(PRICE),
    ),
    quantity=rule.may(
        int, 1, "How many units of the price", rule.only_if("Price"), rule.at_least(0)
    ),
    amount=rule.may(
        int,
        1000,
        "The line's total in the currency's smallest unit (cents)",
        rules.amount(currency="Currency"),
    ),
    currency=rule.may(
        str, "usd", "The currency of the amount", rule.required_if("Amount"), rules.currency_code()
    ),
)


def _of_item(place: str) -> dict[str, str]:
    """The parameters of an item that stands there, by what they are in the recipe."""
    return {
        f"{place}[id]": "changed_item",
        f"{place}[price]": "price",
        f"{place}[quantity]": "quantity",
    }


def _of_line(number: int) -> dict[str, str]:
    """The parameters of a line, by what they are in the recipe."""
    names = {name: f"items[{number}][{name}]" for name in _LINE.fields}
    return {**names, "pricing[price]": names["price"], "pricing": names["price"]}


@action(
    "POST /v1/customers",
    CUSTOMER,
    answers=One(email="customer@example.com"),
    docs="customers/create",
    recipe=True,
)
class FindOrCreateCustomer(Recipe):
    """Get the customer with this e-mail address; create one only if there is none.

    Of several the newest is taken, as it is: what else is given is for a new one.
    """

    email: str = required(
        "Email",
        "customer@example.com",
        "Who is looked for, exactly so",
        rule.max_length(512),
        rules.email(),
    )
    name: str | None = rows.text("Name", "Jenny Rosen", "The full name of a new one", 256)
    phone: str | None = rows.text("Phone", "+1234567890", "The phone number of a new one", 20)
    metadata: dict[str, Any] | None = rows.metadata({"internal_id": "123"}, clearable=False)

    def calls(self) -> Calls:
        """Looks for one, by what a new one can be found at once."""
        new = CreateCustomer(
            email=self.email, name=self.name, phone=self.phone, metadata=self.metadata
        )
        found = yield Call("find", ListCustomers(email=self.email, limit=1))
        if found["data"]:
            return Done(found["data"][0], "It was there already.")
        created = yield Call("create", new)
        return Done(created, "There was none, so it was created.")


@action(
    "POST /v1/subscriptions/{subscription_exposed_id}",
    SUBSCRIPTION,
    answers=One(status="active"),
    repeatable=True,
    docs="subscriptions/update",
    recipe=True,
)
class ChangeSubscriptionPlan(Recipe):
    """Move a subscription to another price, and say what that costs.

    Its item is found by itself. With Preview Only nothing is changed: the note says what would be.
    """

    subscription_exposed_id: str = path_id(
        "Subscription ID", "sub_123", "The subscription to change", SUBSCRIPTION
    )
    price: str = required("Price", "price_456", "The new price", rule.reference(PRICE), local=True)
    quantity: int | None = optional(
        "Quantity", 2, "How many units from now on", rule.at_least(0), local=True
    )
    changed_item: str | None = optional(
        "Item ID", "si_123", "Which of its items changes, if it has several", local=True
    )
    proration_behavior: str | None = optional(
        "Proration Behavior",
        "create_prorations",
        "What happens to the part of the period that is already paid",
        rule.one_of("create_prorations", "none", "always_invoice"),
    )
    preview_only: bool | None = optional(
        "Preview Only", True, "Whether only to say what it would cost", local=True
    )

    def calls(self) -> Calls:
        """Reads the item, previews the change, makes it."""
        which = self.subscription_exposed_id
        now = yield Call("read", RetrieveSubscription(subscription_exposed_id=which))
        change = self._change(now)
        asked = PreviewInvoice(
            subscription=which, items=[change], proration_behavior=self.proration_behavior
        )
        names = _of_item("subscription_details[items][0]")
        preview = yield Call("preview", asked, looks=True, names=names)
        cost = Cost(preview, now)
        if self.preview_only:
            return Done(now, _would_be(cost))
        update = UpdateSubscription(
            subscription_exposed_id=which,
            items=[change],
            proration_behavior=self.proration_behavior,
        )
        changed = yield Call("change", update, names=_of_item("items[0]"))
        return Done(changed, _is_now(cost, now, changed))

    def _change(self, subscription: dict[str, Any]) -> dict[str, Any]:
        """The item as it becomes."""
        items = [item["id"] for item in subscription["items"]["data"]]
        item = self.changed_item or items[0]
        is_named = bool(self.changed_item) or len(items) == 1
        if not is_named or item not in items:
            text = f"Item ID must be one of those that the subscription has: {', '.join(items)}."
            wrong = Problem(("changed_item",), "Item ID", "one_of", text)
            raise InvalidInputs([wrong], self.spec.id)
        quantity = {} if self.quantity is None else {"quantity": self.quantity}
        return {"id": item, "price": self.price, **quantity}


def _would_be(cost: Cost) -> str:
    """What a change would cost that was not made."""
    if cost.at_once:
        later = f"the next invoice would follow on {cost.day}"
        return f"Nothing was changed. {cost.amount} would be invoiced at once; {later}."
    later = f"the next invoice, on {cost.day}, would be of {cost.amount}"
    return f"Nothing was changed. Nothing would be invoiced at once; {later}."


def _is_now(cost: Cost, before: dict[str, Any], changed: dict[str, Any]) -> str:
    """What a change costs that was made: the preview says how much, the subscription when."""
    invoice = changed["latest_invoice"]
    if invoice == before["latest_invoice"]:
        later = f"by the preview, the next invoice, on {cost.day}, is of {cost.amount}"
        return f"Nothing was invoiced at once; {later}."
    later = f"the next invoice follows on {cost.day}"
    return f"Invoiced at once, as {invoice}: by the preview {cost.amount}; {later}."


@action(
    "POST /v1/subscriptions/{subscription_exposed_id}",
    SUBSCRIPTION,
    answers=One(status="active").also(cancel_at_period_end=True),
    sends={"cancel_at_period_end": True},
    repeatable=True,
    docs="subscriptions/update",
    recipe=True,
)
class CancelSubscriptionAtPeriodEnd(Action):
    """Let a subscription end with the period that is paid; until then it can be kept on."""

    subscription_exposed_id: str = path_id(
        "Subscription ID", "sub_123", "The subscription to end", SUBSCRIPTION
    )


@action(
    "POST /v1/invoices",
    INVOICE,
    answers=One(status="open"),
    sends={"collection_method": "send_invoice", "pending_invoice_items_behavior": "include"},
    repeatable=False,
    docs="invoices/create",
    recipe=True,
)
class InvoiceACustomer(Recipe):
    """Bill a customer for some lines: an invoice is made, made final, and sent.

    What waits for the customer's next invoice comes onto it, too. Never e-mailed in test mode. The
    metadata of each line says which it is: `line`, such as 1 of 2.
    """

    customer: str = required("Customer", "cus_123", "Who is invoiced", rule.reference(CUSTOMER))
    items: list[dict[str, Any]] = required(
        "Items",
        [{"description": "Setup", "amount": 1000, "currency": "usd"}],
        "The lines: of a price, or an amount with its currency",
        rule.max_items(20),
        rule.each(_LINE),
        local=True,
    )
    days_until_due: int = required("Days Until Due", 30, rows.DAYS, rule.at_least(0))
    description: str | None = rows.text("Description", "October", "A memo for the customer", 1500)
    metadata: dict[str, Any] | None = rows.metadata({"internal_id": "123"}, clearable=False)

    def calls(self) -> Calls:
        """Each line, the draft that takes them up, its end, its way to the customer."""
        lines = [self._line(number) for number in range(len(self.items))]
        draft = CreateInvoice(
            customer=self.customer,
            days_until_due=self.days_until_due,
            description=self.description,
            metadata=self.metadata,
            collection_method="send_invoice",
            pending_invoice_items_behavior="include",
        )
        for number, line in enumerate(lines):
            yield Call(f"item-{number + 1}", line, names=_of_line(number))
        invoice = yield Call("create", draft)
        yield Call("finalize", FinalizeInvoice(invoice=invoice["id"]))
        sent = yield Call("send", SendInvoice(invoice=invoice["id"]))
        return Done(sent)

    def _line(self, number: int) -> CreateInvoiceItem:
        """One line, which says how many there are: with more or fewer, Stripe knows the run."""
        place = {"line": f"{number + 1} of {len(self.items)}"}
        return CreateInvoiceItem(customer=self.customer, metadata=place, **self.items[number])


@action(
    "POST /v1/payment_links/{payment_link}",
    PAYMENT_LINK,
    answers=One(active=False),
    sends={"active": False},
    repeatable=True,
    docs="payment-link/update",
    recipe=True,
)
class DeactivatePaymentLink(Action):
    """Close a payment link: nobody can pay there any more, until it is opened again."""

    payment_link: str = path_id("Payment Link ID", "plink_123", "The link to close", PAYMENT_LINK)
    inactive_message: str | None = rows.text(
        "Inactive Message", "Sold out. Thank you!", "What customers read there", 500, clearable=True
    )

"""What type checkers must take: how the package is meant to be used. Never run, only checked."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, assert_type

from stripe_nodes import (
    CreateCheckoutSession,
    CreatePrice,
    CreateProduct,
    CreateSubscription,
    DeactivatePrice,
    ListPrices,
    RetrieveCheckoutSession,
    UpdateProduct,
    actions,
)
from stripe_plugin import (
    CLEAR,
    Action,
    AsyncClient,
    Client,
    Connection,
    Deleted,
    HookFailed,
    Host,
    InvalidInputs,
    One,
    Page,
    Policy,
    Problem,
    Request,
    Resource,
    Result,
    RunContext,
    StripeError,
    action,
    optional,
    path_id,
    required,
    rule,
)
from stripe_plugin.declare.spec import Place

# What must be given is asked for, the rest may be left out.
ListPrices()
ListPrices(limit=10, active=False, currency="usd")
CreateProduct(name="Premium Plan")
CreateProduct(name="Premium Plan", images=["https://example.com/1.jpg"], metadata={"a": "b"})
CreatePrice(currency="usd", product="prod_1", unit_amount=1000)
CreatePrice(currency="usd", product_data={"name": "P"}, recurring={"interval": "month"})
CreateSubscription(customer="cus_1", items=[{"price": "price_1", "quantity": 1}])
CreateCheckoutSession(mode="setup", success_url="https://a.example", cancel_url="https://b")
RetrieveCheckoutSession(session="cs_1", expand=["line_items"])
RetrieveCheckoutSession(session="cs_1", expand=None)
RetrieveCheckoutSession(session="cs_1", extra={"a": 1})
CreatePrice(currency="usd", product="p", expand=["product"], extra={"lookup_key": "x"})
CreatePrice(currency="usd", product="p", expand=("product",))
CreatePrice.read({"Currency": "usd"}, expand=["product"], extra={"lookup_key": "x"})
DeactivatePrice(price="price_1")
UpdateProduct(id="prod_1", name=None, description=CLEAR)

price = CreatePrice(currency="usd", product="prod_1", unit_amount=1000)
assert_type(price.currency, str)
assert_type(price.unit_amount, int | None)
assert_type(price.recurring, dict[str, Any] | None)
assert_type(price.inputs(), dict[str, Any])
assert_type(price.warnings(), dict[str, str])
assert_type(price.extra, Mapping[str, Any])
assert_type(price.expand, Sequence[str] | None)
assert_type(RetrieveCheckoutSession(session="cs_1").expand, list[str] | None)
assert_type(price.parameters(), tuple[dict[str, str], dict[str, Any]])
assert_type(price.spec.locate("recurring[interval]"), Place | None)

# Reading gives the very class.
assert_type(CreatePrice.read({"Currency": "usd"}), CreatePrice)
assert_type(CreatePrice.judge({"Currency": "usd"}), tuple[dict[str, Any], dict[str, list[str]]])
assert_type(price.request(), Request)
assert_type(price.request().params, tuple[tuple[str, str], ...])
assert_type(actions(), Iterator[type[Action]])


def run_it(connection: Connection) -> Result:
    """Run an action, with and without options."""
    with Client(connection, Policy(retries=0, timeout=5)) as client:
        assert_type(client.run(price), Result)
        context = RunContext(run_id="run-1", step="price", item=3, begun=1.5)
        return client.run(price, context, connection=Connection("sk_test_1", "acct_1"))


async def run_it_async(connection: Connection) -> Result:
    """The same with asyncio."""
    async with AsyncClient(connection) as client:
        assert_type(await client.run(price, RunContext(idempotency_key="x")), Result)
        return await client.run(price)


def run_by_name(inputs: Mapping[str, Any]) -> dict[str, Any] | None:
    """Run what is installed, by its ID."""
    with Host.load(block=["other"], policy=Policy(retries=5, log_inputs=True)) as host:
        assert_type(host.catalog(), list[dict[str, Any]])
        assert_type(host.manifest("create_price"), dict[str, Any])
        assert_type(host.action("create_price"), type[Action])
        try:
            paced = Connection("sk_test_1", rate=20)
            result = host.run("create_price", inputs, connection=paced)
            host.run("create_price", inputs, options={"Deadline": 30, "Account": "acct_1"})
            RunContext.read({"Deadline": "30"}, run_id="r", step="s", item=3)
            assert_type(result.note, str | None)
        except InvalidInputs as error:
            assert_type(error.problems, dict[str, list[str]])
            assert_type(error.problems_at, list[Problem])
            assert_type(InvalidInputs.from_dict(error.as_dict()), InvalidInputs)
        except StripeError as error:
            assert_type(error.display_key, str | None)
            assert_type(error.outcome_unknown, bool)
        except HookFailed as error:
            assert_type(error.result, Result | None)
            assert_type(error.error, StripeError | None)
        else:
            return result.output
    return None


COUPON = Resource("coupon", docs="coupons")


@action("POST /v1/coupons/{coupon}", COUPON, answers=One(valid=True), repeatable=True)
class UpdateCoupon(Action):
    """Change a coupon."""

    coupon: str = path_id("Coupon ID", "spring", "The coupon to change", COUPON)
    name: str = required("Name", "Spring", "What customers see")
    duration: str | None = optional("Duration", "once", "How long", rule.one_of("once", "forever"))
    percent_off: int | None = optional("Percent Off", 10, "How much", rule.between(1, 100))
    amount_off: int | None = optional(
        "Amount Off",
        500,
        "How much",
        rule.required_if_empty("Percent Off", rule.Parameter("currency_options")),
    )


@action("GET /v1/coupons", COUPON, answers=Page())
class ListCoupons(Action):
    """List the coupons."""


@action("DELETE /v1/coupons/{coupon}", COUPON, answers=Deleted(), docs="coupons/delete")
class DeleteCoupon(Action):
    """Delete a coupon."""

    coupon: str = path_id("Coupon ID", "spring", "The coupon to delete", COUPON)


coupon = UpdateCoupon(coupon="spring", name="Spring", percent_off=10, expand=["applies_to"])
assert_type(coupon.percent_off, int | None)
assert_type(UpdateCoupon.read({"Coupon ID": "spring"}), UpdateCoupon)
assert_type(ListCoupons(), ListCoupons)

"""What type checkers must refuse. Never run, only checked.

Each wrong use says which error it is; where it stops being one, the unused ignore is an error.
"""

from stripe_nodes import (
    CreatePrice,
    CreateProduct,
    ExpireCheckoutSession,
    ListPrices,
    RetrieveCheckoutSession,
    RetrievePrice,
)
from stripe_plugin import (
    Action,
    AsyncClient,
    Client,
    Connection,
    Host,
    Page,
    Policy,
    Resource,
    RunContext,
    action,
    optional,
    path_id,
    required,
)
from stripe_plugin.rule import reference

# What must be given is missing.
CreatePrice()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
CreatePrice(product="prod_1", unit_amount=1000)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
CreateProduct(description="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
RetrievePrice()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ExpireCheckoutSession()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

# Rows have types.
CreatePrice(currency=840)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
CreatePrice(currency=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
CreatePrice(currency="usd", unit_amount="10")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
CreatePrice(currency="usd", unit_amount=9.99)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
CreatePrice(currency="usd", recurring="month")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
CreateProduct(name="P", images="https://example.com")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
CreateProduct(name="P", images=[5])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
ListPrices(active="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ListPrices(limit=[10])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Rows have names, and nothing else is one.
CreatePrice(currency="usd", amount=1000)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
CreatePrice("usd")  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportCallIssue]
ListPrices(Limit=10)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ListPrices(colour="red")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

# An action is frozen.
price = CreatePrice(currency="usd")
price.currency = "eur"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
price.colour = "red"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
amount: int = price.unit_amount  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
text: int = price.currency  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

# Reading and requesting take objects.
CreatePrice.read("usd")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
CreatePrice.read(currency="usd")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
_ = price.prize  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
price.request("x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
price.request(extra={"a": 1})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
CreatePrice(currency="usd", extra=["x"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
CreatePrice(currency="usd", expand=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
CreatePrice(expand=["product"], extra={"currency": "usd"})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
RetrieveCheckoutSession(session="cs_1", expand=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
CreatePrice.read({}, extra=["x"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
CreatePrice.read({}, expand=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Connections, policies and runs.
Connection()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Connection(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Connection("sk_test_1", "acct_1", "https://api.stripe.com", "yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Connection("sk_test_1", rate="20")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Connection("sk_test_1", None, "https://api.stripe.com", True, None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Policy(log_inputs="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
RunContext(begun="yesterday")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Policy(retries="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Policy(patience=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
RunContext(timeout="soon")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
RunContext(run="run-1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
RunContext().run_id = "run-1"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]

# Clients run actions, and nothing else.
client = Client(Connection("sk_test_1"))
client.run("create_price")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
client.run(CreatePrice)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
client.run({"Currency": "usd"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
client.run(price, "run-1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
_ = client.run(price).outputs  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
Client("sk_test_1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Host.load().run("create_price")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Host.load().run("create_price", {}, options=["x"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
RunContext(deadline="30")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
RunContext.read("deadline")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Host.load().run("create_price", "usd")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def run_async() -> str:
    """An asyncio run is awaited, and gives a result."""
    coming = AsyncClient(Connection("sk_test_1")).run(price)
    _ = coming.output  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
    return await AsyncClient(Connection("sk_test_1")).run(price)  # type: ignore[return-value]  # pyright: ignore[reportReturnType]


# A table of one's own.
COUPON = Resource("coupon")


@action("POST /v1/coupons/{coupon}", COUPON)
class UpdateCoupon(Action):
    """Change a coupon."""

    coupon: str = path_id("Coupon ID", "spring", "The coupon to change", COUPON)
    name: str = required("Name", "Spring", "What customers see")
    percent_off: int | None = optional("Percent Off", 10, "How much")


UpdateCoupon(coupon="spring")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
UpdateCoupon(name="Spring")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
UpdateCoupon(coupon="spring", name=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
UpdateCoupon(coupon="spring", name="Spring", percent_off="10")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
required("Name", "Spring")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
required("Name", "Spring", "What customers see", "Required")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
optional("Name")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
optional("Name", "Spring", "What customers see", 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
path_id("ID", 5, "The coupon", COUPON)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


path_id("ID", "x", "The coupon", "coupon")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
reference("coupon")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Page(["x"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@action()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue, reportUntypedClassDecorator]
class Unfinished(Action):
    """An action without an endpoint."""


@action("POST /v1/coupons", COUPON, verb="POST")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue, reportUntypedClassDecorator]
class Talkative(Action):
    """An action with an option that is none."""

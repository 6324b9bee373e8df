"""Nothing is accepted and ignored: what Stripe documents is acted on, shown back, or refused."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest
from support import ACTIONS, REPOSITORY

from stripe_emulator import beyond, contract, simulated
from stripe_emulator.declare import ENDPOINTS, PINNED, RESOURCES, Endpoint
from stripe_emulator.lifecycle import READS
from stripe_plugin import Client, Connection, StripeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from emulator.conftest import Caller

    from stripe_emulator.contract import Said

PACKAGE = REPOSITORY / "plugin" / "stripe_emulator"
SOURCE = {"source": "tok_visa"}
WHOLE = ""  # in the tree of what is known: everything below, or only some values
SAMPLES = {
    "decimal": "1.5",
    "currency": "usd",
    "unix-time": 1_800_000_000,
    "string": "a",
    "integer": 3,
    "number": 1.5,
    "boolean": True,
    "email": "a@b.example",
    "url": "https://a.example",
}


def by_address() -> dict[str, Endpoint]:
    """Every served endpoint that is Stripe's."""
    rows = {f"{method} {each.template}": each for method, _, each in ENDPOINTS}
    return {name: each for name, each in rows.items() if said_of(each)}


def said_of(endpoint: Endpoint) -> Mapping[str, Said]:
    """What the document says that it takes."""
    operation = contract.operation(endpoint.method, endpoint.template)
    return operation.parameters if operation else {}


ENDPOINT = by_address()
Path = tuple[str, ...]
Known = dict[str, Any]
CARD = {"number": "4242424242424242", "exp_month": 1, "exp_year": 2099}
BASE = {"/v1/subscriptions": {"items": [{"quantity": 1}]}}


def leaves(said: Mapping[str, Said], above: Path = (), depth: int = 8) -> Iterator[Path]:
    """The path of every parameter that has none below."""
    for name, each in said.items():
        below = dict(contract.below(each))
        if below and depth:
            yield from leaves(below, (*above, name), depth - 1)
        else:
            yield (*above, name)


def sample(said: Said, name: str, rest: Path, known: Known) -> Any:
    """A value of a parameter, with what must stand beside it, that has something at `rest`."""
    if known.get(WHOLE):
        return [known[WHOLE][0]] if said.type == "array" else known[WHOLE][0]
    if "any" in said.facts:
        fitting = [each for each in said.alternatives if holds(each, rest)]
        return sample(fitting[0], name, rest, known)
    if said.type == "array":
        inner = said.inner("items")
        return [sample(inner, name, rest, known)] if inner else []
    if said.type == "object":
        return sample_object(said, name, rest, known)
    if "enum" in said.facts:
        return said.facts["enum"][0]
    look = beyond.TEXTS.get(name) or said.facts.get("format") or said.type
    return SAMPLES[look]


def sample_object(said: Said, name: str, rest: Path, known: Known) -> Any:
    """An object with what is required, and what stands at `rest`."""
    each = said.inner("values")
    if each:
        return {"usd": sample(each, name, rest, known)} if each.type == "object" else {"k": "v"}
    made: dict[str, Any] = {}
    first = sorted(said.fields, key=lambda each: (each not in known, each))[:1]
    names = {*said.required, *rest[:1]} or {*first}
    for key in names:
        below = rest[1:] if rest[:1] == (key,) else ()
        # what only some values are simulated of is never what a path is about
        limits = known.get(key, {}) if rest != (key,) else {}
        made[key] = sample(said.fields[key], key, below, limits)
    return made


def holds(said: Said, path: Path) -> bool:
    """Whether there is something at the path."""
    return not path or path[0] in dict(contract.below(said))


def in_brackets(path: Path, value: Any) -> str:
    """The path of a value as Stripe writes it, with the positions of lists."""
    text = path[0]
    value = value[path[0]]
    for name in path[1:]:
        if isinstance(value, list):
            value, text = value[0], f"{text}[0]"
        text, value = f"{text}[{name}]", value.get(name)
    return text


def standing(endpoint: Endpoint, path: Path) -> tuple[str, list[str]]:
    """Whether a parameter is known, refused, or known with some values only."""
    node = simulated.known(endpoint)
    for name in path:
        if WHOLE in node:
            break
        if name not in node:
            return "refused", []
        node = node[name]
    values = node.get(WHOLE, [])
    return ("limited" if values else "known"), values


def whole(endpoint: Endpoint, path: Path) -> dict[str, Any]:
    """A request with this parameter, and with what the endpoint demands."""
    said, operation = said_of(endpoint), contract.operation(endpoint.method, endpoint.template)
    assert operation
    needed = {*operation.required, *endpoint.resource.needs.get(endpoint.verb, "").split()}
    rivals = {name for pair in beyond.ALONE if path[0] in pair for name in pair} - {path[0]}
    known = simulated.known(endpoint)
    given = {name: sample(said[name], name, (), known.get(name, {})) for name in needed - rivals}
    limits = known.get(path[0], {}) if path[1:] else {}
    asked = {path[0]: sample(said[path[0]], path[0], path[1:], limits)}
    return given | BASE.get(endpoint.template, {}) | asked


@pytest.mark.parametrize("address", ENDPOINT)
def test_what_is_not_simulated_is_refused(api: Caller, address: str) -> None:
    """Every documented parameter that nothing reads or shows is refused by name, in a sentence."""
    endpoint = ENDPOINT[address]
    target = endpoint.template.replace("{}", "x_1")
    for path in leaves(said_of(endpoint)):
        kind, values = standing(endpoint, path)
        sent = whole(endpoint, path)
        if kind == "known" or value_at(sent, path) in {*values, "{}"}:
            continue
        error = api(endpoint.method, target, **sent).error
        if error["type"] != "emulator_error":  # no such coupon, tax rate or source
            assert error.get("code") == "resource_missing", (path, error)
            continue
        assert error["message"].startswith("Nothing was executed: the emulator does not simulate")
        assert in_brackets(path, sent).startswith(error["param"]), (path, error)
        assert "code" not in error


def value_at(value: Any, path: Path) -> str:
    """The value that stands there, as it is sent."""
    for name in path:
        value = value[0] if isinstance(value, list) else value
        value = value[name]
    value = value[0] if isinstance(value, list) else value
    return str(value).lower() if isinstance(value, bool) else str(value)


def needed(api: Caller, kind: str) -> dict[str, Any]:
    """What an object of a kind cannot be made without."""
    customer = api.made("/v1/customers", email="a@b.example")["id"]
    price = api.price(monthly=kind.startswith("subscription"))["id"]
    coupon = api.made("/v1/coupons", percent_off=10)["id"]
    values = api.made("/v1/radar/value_lists", alias="b", name="b")["id"]
    readers = api.made("/v1/terminal/configurations")["id"]
    made: dict[str, dict[str, Any]] = {
        "apple_pay_domain": {"domain_name": "a.example"},
        "billing_portal.configuration": {"features": {"invoice_history": {"enabled": True}}},
        "entitlements.feature": {"lookup_key": "a", "name": "a"},
        "radar.value_list": {"alias": "a", "name": "a"},
        "radar.value_list_item": {"value": "a", "value_list": values},
        "terminal.location": {
            "display_name": "a",
            "address": {"country": "US"},
            "configuration_overrides": readers,
        },
        "billing.meter": {
            "display_name": "a",
            "event_name": "a",
            "default_aggregation": {"formula": "sum"},
        },
        "checkout.session": {
            "mode": "payment",
            "success_url": "https://a.example",
            "line_items": [{"price": price, "quantity": 1}],
        },
        "coupon": {"percent_off": 10},
        "tax_rate": {"display_name": "VAT", "percentage": 20, "inclusive": True},
        "promotion_code": {"promotion": {"type": "coupon", "coupon": coupon}},
        "invoice": {"customer": customer},
        "invoiceitem": {"customer": customer, "currency": "usd", "amount": 5},
        "payment_intent": {"amount": 500, "currency": "usd"},
        "payment_link": {"line_items": [{"price": price, "quantity": 1}]},
        "payment_method": {"type": "card", "card": CARD},
        "price": {"currency": "usd", "unit_amount": 5, "product_data": {"name": "a"}},
        "product": {"name": "a"},
        "refund": {"payment_intent": api.paid(500)["id"], "amount": 1},
        "shipping_rate": {
            "display_name": "Post",
            "fixed_amount": {"amount": 500, "currency": "usd"},
        },
        "subscription": {
            "customer": customer,
            "items": [{"price": price}],
            "collection_method": "send_invoice",
            "days_until_due": 3,
        },
        "subscription_item": {"price": price},
        "subscription_schedule": {
            "customer": customer,
            "start_date": 1_900_000_000,
            "phases": [{"items": [{"price": price}], "end_date": 1_950_000_000}],
        },
        "test_helpers.test_clock": {"frozen_time": 1_800_000_000},
        "webhook_endpoint": {"url": "http://localhost", "enabled_events": ["*"]},
    }
    if kind == "credit_note":
        made[kind] = {"amount": 5, "invoice": opened(api, customer)}
    if kind == "subscription_item":
        sold = {"items": [{"price": api.price(monthly=True)["id"]}], "customer": customer}
        terms = {"collection_method": "send_invoice", "days_until_due": 3}
        made[kind]["subscription"] = api.made("/v1/subscriptions", **sold, **terms)["id"]
    return made.get(kind, {})


def opened(api: Caller, customer: str) -> str:
    """An invoice that waits to be paid."""
    api.made("/v1/invoiceitems", customer=customer, currency="usd", amount=50)
    whole = {"pending_invoice_items_behavior": "include"}
    invoice = api.made("/v1/invoices", customer=customer, **whole)["id"]
    found: str = api.made(f"/v1/invoices/{invoice}/finalize")["id"]
    return found


def joined(one: Any, other: Any) -> Any:
    """Two requests as one."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    return one | {key: joined(one.get(key), value) for key, value in other.items()}


MADE = [kind for kind, each in RESOURCES.items() if {"create", "retrieve"} <= {*each.verbs.split()}]


@pytest.mark.parametrize("kind", MADE)
def test_what_is_only_kept_is_shown(api: Caller, kind: str) -> None:
    """Every parameter that a resource echoes stands in its answers as it was sent."""
    resource = RESOURCES[kind]
    endpoint = ENDPOINT[f"POST {resource.path}"]
    base = needed(api, kind)
    for path in leaves(said_of(endpoint)):
        if not echoed(endpoint, path):
            continue
        asked = {path[0]: sample(said_of(endpoint)[path[0]], path[0], path[1:], {})}
        sent = joined(asked, base)
        expand = [path[0]] if path[0] in resource.on_demand.split() else []
        made = api.made(resource.path, **sent, expand=expand)
        kept = api.get(f"{resource.path}/{made['id']}", expand=expand)
        if kind == "billing.meter":  # of one event there is one
            api.made(f"{resource.path}/{made['id']}/deactivate")
        for answer in (made, kept.data):
            assert has(answer, only(sent, path)), (path, answer.get(path[0]))


def echoed(endpoint: Endpoint, path: Path) -> bool:
    """Whether the resource says so of this parameter, for all values."""
    words = {*endpoint.resource.echoes.split(), "metadata"}
    return any(".".join(path[:length]) in words for length in range(1, len(path) + 1))


def only(value: Any, path: Path) -> Any:
    """Of a request what stands at the path."""
    if isinstance(value, list):
        return [only(row, path) for row in value]
    return {path[0]: only(value[path[0]], path[1:])} if path else value


def has(answer: Any, sent: Any) -> bool:
    """Whether all that was sent stands in the answer."""
    if isinstance(sent, dict):
        keys = answer.keys() if isinstance(answer, dict) else ()
        return all(key in keys and has(answer[key], value) for key, value in sent.items())
    if isinstance(sent, list):
        rows = answer if isinstance(answer, list) else ()
        return len(rows) == len(sent) and all(map(has, rows, sent))
    return bool(answer == sent)


def test_a_host_tells_where_it_was_refused() -> None:
    """A run that the emulator refuses ends at its display key, is not retried and not unknown."""
    with Client(Connection.emulator()) as client, pytest.raises(StripeError) as caught:
        client.run(ACTIONS["create_customer"].read({"Email": "a@b.example"}, extra=SOURCE))
    about = caught.value.as_dict()
    assert about["type"] == "emulator_error"
    assert (about["display_key"], about["path"]) == (
        "Options › Extra",
        ["options", "extra", "source"],
    )
    assert (about["attempts"], about["retryable"], about["outcome_unknown"]) == (1, False, False)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/quotes"),
        ("GET", "/v1/quotes/qt_1"),
        ("GET", "/v1/quotes"),
        ("POST", "/v1/customers/cus_1/funding_instructions"),
        ("DELETE", "/v1/plans/gold"),
    ],
)
def test_endpoints_that_it_does_not_have_are_refused(api: Caller, method: str, path: str) -> None:
    """An endpoint of Stripe's is told from a path that is none, and from an ID."""
    error = api(method, path).error
    assert error["type"] == "emulator_error"
    assert f"the emulator does not simulate {method} {path}" in error["message"]
    assert "Unrecognized request URL" in api(method, f"{path}/no/such/path").error["message"]


def test_the_version_is_the_documents() -> None:
    """What is taken and shown is what the API document of the pinned version says."""
    assert contract.version() == PINNED


def test_what_it_refuses_is_listed() -> None:
    """The list beside the package is the one that is derived."""
    page = (PACKAGE / "README.md").read_text("utf-8")
    for endpoint, names in simulated.refused().items():
        row = f"| `{endpoint}` | {', '.join(f'`{name}`' for name in names)} |"
        assert (row in page) is bool(names), endpoint


def words(node: ast.AST) -> Iterator[str]:
    """Every word of the texts in a module, but for those of declarations and sentences."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"does", "Resource"}:
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from node.value.split()
    for below in ast.iter_child_nodes(node):
        yield from words(below)


def test_what_a_behaviour_says_it_reads_is_read() -> None:
    """Each parameter that a behaviour names is a field that is kept, or stands in the code."""
    modules = [ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")]
    read = {word for module in modules for word in words(module)}
    for name, text in READS.items():
        resource = RESOURCES.get(name.rpartition(".")[0])
        known = read | {*resource.blank()} if resource else read
        for path in text.split():
            steps = path.partition("=")[0].split(".")
            assert "=" in path or known & {steps[0], steps[-1]}, (name, path)

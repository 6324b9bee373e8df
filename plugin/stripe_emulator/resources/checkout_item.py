"""What is a line of a Checkout Session: a price, and how many of it?"""

from stripe_emulator import refusals, scalars
from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare, missing
from stripe_emulator.lifecycle import metadata
from stripe_emulator.present import shows
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import discount as discounts
from stripe_emulator.resources import price as prices
from stripe_emulator.resources import tax_rate as tax_rates

declare(
    Resource(
        kind="item",
        prefix="li_1",
        starts="_discounts=[] metadata={} quantity=1 _tax_rates=[] _taxes=[]",
        on_demand="discounts taxes",
    )
)

_SUMS = frozenset({"amount", "taxable_amount"})
_ADJUSTABLE: Json = {"maximum": 99, "minimum": 0}


def of_wanted(account: Account, wanted: Json, path: str) -> Json:
    """Make a line of what was asked for at `path`."""
    price = _price(account, wanted, path)
    if not prices.is_metered(price) and "quantity" not in wanted:
        raise Refusal(f"Quantity is required. Add `quantity` to `{path}`", param=path)
    _check_quantity(price, wanted, path)
    product = account.get("product", price["product"])
    line = account.new("item", description=product and product["name"])
    return _filled(account, line, price, wanted, path)


def changed(account: Account, lines: list[Json], wanted: Json, path: str) -> Json:
    """Change the line that is named by its id; without one it is a new line."""
    if "id" not in wanted:
        return of_wanted(account, wanted, path)
    line = _named(lines, wanted["id"], f"{path}[id]")
    if "price" in wanted or "price_data" in wanted:
        price = _price(account, wanted, path)
    else:
        price = account.need("price", line["price"], f"{path}[price]")
    _check_quantity(price, wanted, path)
    return _filled(account, line, price, wanted, path)


def _named(lines: list[Json], id_: str, param: str) -> Json:
    for line in lines:
        if line["id"] == id_:
            return line
    raise missing("item", id_, param)


def _check_quantity(price: Json, wanted: Json, path: str) -> None:
    """Refuse none of something, and a quantity of what is counted while it is used."""
    if "quantity" not in wanted:
        return
    param = f"{path}[quantity]"
    if prices.is_metered(price):
        message = "Quantity should not be specified where usage_type is `metered`. Remove quantity"
        raise Refusal(f"{message} from `{path}`", param=param)
    scalars.check_least(wanted["quantity"], 1, param)


def _filled(account: Account, line: Json, price: Json, wanted: Json, path: str) -> Json:
    quantity = None if prices.is_metered(price) else (line | wanted)["quantity"]
    amount = prices.total(price, quantity or 0)
    given_metadata = wanted.get("metadata", {})
    adjustable = wanted.get("adjustable_quantity", line["adjustable_quantity"])
    return line | {
        "adjustable_quantity": adjustable and _ADJUSTABLE | adjustable,
        "amount_subtotal": amount,
        "amount_total": amount,
        "currency": price["currency"],
        "metadata": metadata(line["metadata"], given_metadata),
        "price": price["id"],
        "quantity": quantity,
        "_tax_rates": _tax_rates(account, line, wanted, path),
    }


def _tax_rates(account: Account, line: Json, wanted: Json, path: str) -> list[str]:
    if "tax_rates" not in wanted:
        kept: list[str] = line["_tax_rates"]
        return kept
    ids: list[str] = wanted["tax_rates"] or []
    tax_rates.check_active(account, ids, f"{path}[tax_rates]")
    return ids


def settle(account: Account, ids: list[str], lines: list[Json], rates: list[str]) -> None:
    """Give lines their totals, with discounts off and taxes on: `rates` where they have none."""
    priced = [_as_line(account, line) for line in lines]
    discounts.take_off(account, ids, priced)
    for line, each in zip(lines, priced, strict=True):
        line["amount_discount"] = discounts.taken_off(each)
        taken = each["discount_amounts"]
        line["_discounts"] = [_discount(account, amount) for amount in taken]
        _tax_line(account, line, line["_tax_rates"] or rates)


def _tax_line(account: Account, line: Json, rates: list[str]) -> None:
    """Put the taxes on what discounts leave of a line."""
    left = line["amount_subtotal"] - line["amount_discount"]
    taxes = tax_rates.of_amount(account, rates, left, None)
    line["amount_tax"] = sum(tax["amount"] for tax in taxes)
    line["amount_total"] = left + tax_rates.amount(taxes, "exclusive")
    line["_taxes"] = [_tax(account, tax) for tax in taxes]


def _discount(account: Account, taken: Json) -> Json:
    made = account.need("discount", taken["discount"])
    return {"amount": taken["amount"], "discount": account.show(made)}


def _tax(account: Account, tax: Json) -> Json:
    """A tax as Checkout shows it: with the whole rate, and a reason only of automatic ones."""
    rate = account.need("tax_rate", tax["tax_rate_details"]["tax_rate"])
    sums = {name: tax[name] for name in sorted(_SUMS)}
    return {**sums, "rate": account.show(rate), "taxability_reason": None}


def breakdown(lines: list[Json]) -> Json:
    """What each discount takes off all lines, and what each rate adds up to."""
    discounted = [each for line in lines for each in line["_discounts"]]
    taxed = [each for line in lines for each in line["_taxes"]]
    return {"discounts": _added(discounted, "discount"), "taxes": _added(taxed, "rate")}


def _added(rows: list[Json], of: str) -> list[Json]:
    """One row for each that these are of."""
    found: dict[str, Json] = {}
    for row in rows:
        summed = _SUMS & row.keys()
        nothing = row | dict.fromkeys(summed, 0)
        known = found.setdefault(row[of]["id"], nothing)
        for name in summed:
            known[name] += row[name]
    return list(found.values())


def _as_line(account: Account, line: Json) -> Json:
    price = account.need("price", line["price"])
    return {
        "amount": line["amount_subtotal"],
        "currency": price["currency"],
        "discountable": True,
        "discounts": [],
        "pricing": prices.pricing(price),
    }


def _price(account: Account, wanted: Json, path: str) -> Json:
    data = wanted.get("price_data")
    if not data:
        inline = wanted.get("inline", False)  # of a payment link, whose prices nobody else has
        price = prices.on_sale(account, wanted, path, inline=inline)
        if price["custom_unit_amount"]:
            raise refusals.not_simulated("a payer who chooses the amount", f"{path}[price]")
        return price
    if "product" not in data and "product_data" not in data:
        raise refusals.missing_parameter(f"{path}[price_data][product_data]")
    if "unit_amount" not in data and "unit_amount_decimal" not in data:
        raise refusals.missing_parameter(f"{path}[price_data][unit_amount]")
    return prices.of_data(account, data)


@shows("item")
def show(account: Account, line: Json, view: Json) -> None:
    """Show the whole price."""
    price = account.need("price", line["price"])
    view["price"] = account.show(price)

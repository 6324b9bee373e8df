"""What does the server answer? As much as Stripe does: 21 headers, 1.5 KB for a product."""

import json
from functools import cache
from typing import Any

PRODUCT_ID = "prod_Q4xT0VvB1mKz7e"
ROWS, PAGE = 10_000, 100  # customers of the account; how many a list call shows

HEADERS = """\
Server: nginx
Date: Fri, 28 Nov 2025 09:00:00 GMT
Content-Type: application/json
Content-Length: {length}
Connection: keep-alive
Access-Control-Allow-Credentials: true
Access-Control-Allow-Methods: GET, HEAD, PUT, PATCH, POST, DELETE
Access-Control-Allow-Origin: *
Access-Control-Expose-Headers: Request-Id, Stripe-Manage-Version, Stripe-External-Auth-Required
Access-Control-Max-Age: 300
Cache-Control: no-cache, no-store
Content-Security-Policy: base-uri 'none'; default-src 'none'; form-action 'none'; img-src 'self'
Idempotency-Key: 6a1b8c1e-7c43-4d0f-9b1c-2f6f0e8a9d35
Original-Request: req_T3b0yJ9hQwXz1M
Request-Id: req_T3b0yJ9hQwXz1M
Stripe-Should-Retry: false
Stripe-Version: 2026-08-26.dahlia
Vary: Origin
X-Stripe-Routing-Context-Priority-Tier: api-testmode
X-Wc: ABGHI
Strict-Transport-Security: max-age=63072000; includeSubDomains; preload
"""


PRODUCT: dict[str, Any] = {
    "id": PRODUCT_ID,
    "object": "product",
    "active": True,
    "attributes": [],
    "created": 1764320400,
    "default_price": None,
    "description": "Premium subscription plan, billed monthly, with everything in it",
    "images": [f"https://files.example.com/products/premium-{side}.png" for side in range(8)],
    "livemode": False,
    "marketing_features": [{"name": f"Feature number {number}"} for number in range(8)],
    "metadata": {"internal_id": "123", "campaign": "autumn", "team": "growth"},
    "name": "Premium Plan",
    "package_dimensions": {"height": 1.0, "length": 20.0, "weight": 3.5, "width": 12.0},
    "shippable": None,
    "statement_descriptor": None,
    "tax_code": "txcd_10103001",
    "type": "service",
    "unit_label": None,
    "updated": 1764320400,
    "url": "https://example.com/premium",
}
ADDRESS = {
    "city": "Springfield",
    "country": "US",
    "line1": "123 Main Street",
    "line2": "Second floor",
    "postal_code": "62701",
    "state": "IL",
}
CUSTOMER: dict[str, Any] = {
    "id": "",
    "object": "customer",
    "address": ADDRESS,
    "balance": 0,
    "created": 1764320400,
    "currency": "usd",
    "default_source": None,
    "delinquent": False,
    "description": "A customer since the beginning",
    "discount": None,
    "email": "customer@example.com",
    "invoice_prefix": "0A1B2C3D",
    "invoice_settings": {
        "custom_fields": None,
        "default_payment_method": "pm_1QyT0VvB1mKz7eAbCdEfGhIj",
        "footer": None,
        "rendering_options": None,
    },
    "livemode": False,
    "metadata": {"internal_id": "123", "plan": "premium", "source": "import"},
    "name": "A Customer",
    "next_invoice_sequence": 7,
    "phone": "+15555550123",
    "preferred_locales": ["en-US"],
    "shipping": {"address": ADDRESS, "name": "A Customer", "phone": "+15555550123"},
    "tax_exempt": "none",
    "test_clock": None,
}


def message(found: Any) -> bytes:
    """A whole answer with this JSON, indented as Stripe's is."""
    body = json.dumps(found, indent=2).encode()
    lines = HEADERS.format(length=len(body)).splitlines()
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode() + body


def customer_id(number: int) -> str:
    """The ID of the customer with this number; 0 is the newest."""
    return f"cus_{number:014}"


@cache
def product_message() -> bytes:
    """The answer to whoever makes a product."""
    return message(PRODUCT)


@cache
def customers_message(first: int) -> bytes:
    """The answer to whoever lists customers: a page of them from this number on."""
    numbers = range(first, min(first + PAGE, ROWS))
    found = {
        "object": "list",
        "data": [{**CUSTOMER, "id": customer_id(number)} for number in numbers],
        "has_more": numbers.stop < ROWS,
        "url": "/v1/customers",
    }
    return message(found)

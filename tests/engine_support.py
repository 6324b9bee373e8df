"""What the tests and proofs of engines share: a flow with every word, and one that pays."""

from collections import Counter

SECRET = "whs_of_this_machine"
# Every word that a flow has, and an item that Stripe refuses.
WHOLE = """\
inputs:
  names: { type: array, default: [Jenny, John, Joan, Jenny] }
  more: { type: boolean, required: true }
steps:
  - id: product
    action: create_product
    inputs: { Name: Plan, Metadata: { token: "${{ env.TOKEN }}" } }
    options: { Expand: [default_price] }
  - id: never
    action: create_product
    if: inputs.more == `false`
    inputs: { Name: Never }
  - id: make
    action: create_customer
    foreach: inputs.names
    inputs: { Name: "${{ item }}", Description: "${{ steps.product.name }} ${{ index }}" }
  - id: every
    action: list_customers
    all: true
  - id: bill
    action: create_invoice_item
    foreach: steps.every.data
    if: item.name != 'John'
    on_error: collect
    inputs: { Customer: "${{ item.id }}", Amount: 1500, Currency: usd }
  - id: none
    action: retrieve_customer
    foreach: ["cus_none", "${{ steps.make[0].id }}"]
    on_error: collect
    inputs: { Customer ID: "${{ item }}" }
"""
WHOLE_EXECUTED = Counter(
    {"POST /v1/products": 1, "POST /v1/customers": 4, "POST /v1/invoiceitems": 3}
)
PAY = """\
steps:
  - id: pay
    action: create_payment_intent
    inputs: { Amount: 2000, Currency: usd, Payment Method: CARD }
    options: { Extra: { confirm: true, return_url: "https://shop.example/" } }
"""

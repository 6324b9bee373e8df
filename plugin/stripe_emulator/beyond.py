"""What does Stripe judge in parameters that its API document does not say? By their names.

Recorded, or said on the pages of docs.stripe.com/api.
"""

# names of parameters → the kind of object that must exist
KINDS = {
    "charge": "charge",
    "configuration_overrides": "terminal.configuration",
    "coupon": "coupon",
    "customer": "customer",
    "default_payment_method": "payment_method",
    "default_price": "price",
    "default_tax_rates": "tax_rate",
    "discount": "discount",
    "dynamic_tax_rates": "tax_rate",
    "invoice": "invoice",
    "payment_intent": "payment_intent",
    "payment_method": "payment_method",
    "price": "price",
    "product": "product",
    "promotion_code": "promotion_code",
    "shipping_rate": "shipping_rate",
    "subscription": "subscription",
    "tax_rates": "tax_rate",
    "test_clock": "test_helpers.test_clock",
    "value_list": "radar.value_list",
}
# names → how they must look
TEXTS = {
    "cancel_url": "url",
    "customer_email": "email",
    "email": "email",
    "images": "url",
    "receipt_email": "email",
    "return_url": "url",
    "success_url": "url",
    "url": "url",
}
# whole numbers → the least one
LEAST = {
    "amount_off": 1,
    "amount_to_capture": 1,
    "days_until_due": 0,
    "divide_by": 1,
    "duration_in_months": 1,
    "interval_count": 1,
    "max_redemptions": 1,
    "minimum_amount": 1,
    "quantity": 0,
    "trial_period_days": 1,
    "unit_amount": 0,
}
# lists → how many items they may have
MOST = {
    "custom_fields": 4,
    "ids": 100,
    "images": 8,
    "items": 20,
    "line_items": 100,
    "lookup_keys": 10,
    "marketing_features": 15,
    "optional_items": 10,
    "shipping_options": 5,
    "tax_id_data": 5,
    "types": 20,
}
# parameters of which at most one may be given, wherever they stand side by side
ALONE = (
    ("allow_promotion_codes", "discounts"),
    ("automatic_payment_methods", "allowed_payment_method_types"),
    ("automatic_payment_methods", "confirmation_method"),
    ("automatic_payment_methods", "payment_method_types"),
    ("billing_cycle_anchor", "billing_cycle_anchor_config"),
    ("cancel_at", "cancel_at_period_end"),
    ("customer", "customer_account"),
    ("customer", "customer_email"),
    ("days_until_due", "due_date"),
    ("payment_method_types", "allowed_payment_method_types"),
    ("payment_method_types", "excluded_payment_method_types"),
    ("payment_method_types", "payment_method_configuration"),
    ("price", "price_data"),
    ("product", "product_data"),
    ("trial_end", "trial_from_plan"),
    ("trial_end", "trial_period_days"),
    ("unit_amount", "unit_amount_decimal"),
)

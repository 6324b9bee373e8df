"""What exists in the emulator, as data: every resource's fields, endpoints and parameters.

Facts are those of Stripe's published API at the pinned version. Each row is read by the notation
of ``notation.py``; a row of ``fields`` is ``name`` (null) or ``name=JSON``, and a name that starts
with an underscore is kept but only shown when it is expanded. Parameters that carry the name of a
field are stored there; whatever else a parameter does is behaviour (``lifecycle.py`` and friends).
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from stripe_emulator import notation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stripe_emulator.refusals import Json

PINNED = "2026-08-26.dahlia"

notation.SHAPES |= {
    "range": "{gt:int gte:int lt:int lte:int}/int",
    "address": "{city country line1 line2 postal_code state}",
    "shipping": "{address!:$address carrier name! phone tracking_number}",
    "contact": "{address!:$address name! phone}",
    "every": "{interval!:day|month|week|year interval_count:int>=1}",
    "tax": "exclusive|inclusive|unspecified",
    "custom": "{enabled!:bool maximum:int minimum:int preset:int}",
    "tiers": "[{flat_amount:int flat_amount_decimal:dec unit_amount:int unit_amount_decimal:dec "
    "up_to!:inf|inf/int}]",
    "currencies": "{*:{custom_unit_amount:$custom tax_behavior:$tax tiers:$tiers unit_amount:int "
    "unit_amount_decimal:dec}}",
    "discounts": "[{coupon:@coupon discount:@discount promotion_code:@promotion_code}]",
    "fields": "[{name!:str<40 value!:str<140}]<4",
    "issuer": "{account type!:account|self}",
    "auto_tax": "{enabled!:bool liability:$issuer}",
    "settlement": "{default_mandate:str? payment_method_options:any payment_method_types:[str]? "
    "save_default_payment_method:off|on_subscription}",
    "rendering": "{amount_tax_display:exclude_tax|include_inclusive_tax? "
    "pdf:{page_size:a4|auto|letter} template template_version:int?}",
    "item_price": "{currency!:cur product!:@product recurring:$every tax_behavior:$tax "
    "unit_amount:int>=0 unit_amount_decimal:dec ^unit_amount,unit_amount_decimal}",
    "subscribed": "{billing_thresholds:any discounts:$discounts? metadata:map price:@price "
    "price_data:$item_price quantity:int>=0 tax_rates:[@tax_rate]? ^price,price_data}",
    "end_behavior": "{end_behavior!:{missing_payment_method!:cancel|create_invoice|pause}}",
    "line": "{adjustable_quantity:{enabled!:bool maximum:int minimum:int} "
    "dynamic_tax_rates:[@tax_rate] id metadata:map? price:@price "
    "price_data:{currency!:cur product:@product product_data:{description:str<40000 "
    "images:[str]<8 metadata:map name! tax_code unit_label:str<12} "
    "recurring:$every tax_behavior:$tax unit_amount:int>=0 unit_amount_decimal:dec "
    "^product,product_data ^unit_amount,unit_amount_decimal} quantity:int>=0 "
    "tax_rates:[@tax_rate]? ^price,price_data}",
    "shipping_rate": "{shipping_rate:@shipping_rate shipping_rate_data:{delivery_estimate:any "
    "display_name!:str<100 fixed_amount:{amount!:int currency!:cur currency_options:any} "
    "metadata:map tax_behavior:$tax tax_code type:fixed_amount|fixed_amount}}",
    "leaving": "{comment:str? feedback:customer_service|low_quality|missing_features|other"
    "|switched_service|too_complex|too_expensive|unused?}",
    "billing": "{address:$address? email:email? name:str? phone:str? tax_id}",
    "invoicing": "{custom_fields:$fields? default_payment_method:@payment_method footer "
    "rendering_options:{amount_tax_display:exclude_tax|include_inclusive_tax? template}?}",
    "status": "active|all|canceled|ended|incomplete|incomplete_expired|past_due|paused|trialing"
    "|unpaid",
    "behavior": "allow_incomplete|default_incomplete|error_if_incomplete|pending_if_incomplete",
    "card": "{token number:str<19 exp_month:int exp_year:int cvc:str<4}",
}


_FIELD, _DECODER = re.compile(r"\s*(\w+)(=)?"), json.JSONDecoder()


@frozen
class Resource:
    """One kind of object: how it looks, where it lives, what its endpoints take.

    ``verbs`` maps list, create, retrieve, update, delete or an action's name to the parameters
    (an action is ``POST {path}/{id}/{action}``). ``expands`` maps fields to the kind they point
    to; ``_`` marks a kept field shown on demand, ``[kind]`` a list. ``lost`` is the parameter
    blamed when the id in the path does not exist, by verb (``""``: any verb); ``emits`` the
    events of plain changes; ``elsewhere`` the paths that do not follow from ``path``.
    """

    kind: str
    prefix: str
    path: str
    fields: str
    verbs: Mapping[str, str]
    expands: str = ""
    lost: Mapping[str, str | None] = field(factory=dict[str, str | None])
    called: str = ""
    events: str = ""
    emits: str = ""
    size: int = 23
    elsewhere: Mapping[str, str] = field(factory=dict[str, str])

    @cached_property
    def defaults(self) -> Json:
        """The fields of a new object, hidden ones included."""
        found, at = dict[str, Any](), 0
        while match := _FIELD.match(self.fields, at):
            found[match[1]], at = None, match.end()
            if match[2]:
                found[match[1]], at = _DECODER.raw_decode(self.fields, at)
        return found

    def blank(self) -> Json:
        """Return a fresh object without id."""
        fresh: Json = json.loads(self._text)
        return fresh

    @cached_property
    def _text(self) -> str:
        return json.dumps(self.defaults)

    @cached_property
    def targets(self) -> dict[str, str]:
        """Expandable field → kind."""
        pairs = (token.partition(":") for token in self.expands.split())
        return {name: kind for name, _, kind in pairs}

    def missing(self, verb: str) -> str | None:
        """Name the parameter blamed for an unknown id in the path."""
        return self.lost[verb] if verb in self.lost else self.lost.get("", "id")


@frozen
class Endpoint:
    """One method and path: the resource and verb behind it, and its parameters."""

    method: str
    resource: Resource
    verb: str
    text: str

    @cached_property
    def parameters(self) -> notation.Group:
        """Everything this endpoint takes; lists take the cursors too."""
        paging = "limit:int ending_before starting_after" if self.pages else ""
        return notation.group(f"{self.text} {paging} expand:[str]")

    @property
    def pages(self) -> bool:
        """Whether the answer is a list."""
        return self.verb in {"list", "lines", "line_items"}


RESOURCES: dict[str, Resource] = {}
ENDPOINTS: list[tuple[str, re.Pattern[str], Endpoint]] = []
_METHODS = {"list": "GET", "create": "POST", "retrieve": "GET", "update": "POST",
            "delete": "DELETE", "lines": "GET", "line_items": "GET"}  # fmt: skip


def declare(resource: Resource) -> None:
    """Take a resource into the table, with an endpoint for each of its verbs."""
    RESOURCES[resource.kind] = resource
    for verb, text in resource.verbs.items():
        tail = "" if verb in {"list", "create"} else "/([^/]+)"
        tail += "" if verb in {"list", "create", "retrieve", "update", "delete"} else f"/{verb}"
        method = _METHODS.get(verb, "POST")
        path = resource.elsewhere.get(verb, resource.path)
        pattern = re.compile(path + tail)
        ENDPOINTS.append((method, pattern, Endpoint(method, resource, verb, text)))


def endpoint(method: str, path: str) -> tuple[Endpoint, str | None] | None:
    """Find the endpoint of a request, with the id in its path."""
    for verb, pattern, found in ENDPOINTS:
        if verb == method and (match := pattern.fullmatch(path)):
            return found, match[1] if match.re.groups else None
    return None


# fmt: off

# fmt: off
declare(Resource(
    "product", "prod_", "/v1/products", emits="created updated deleted", size=14,
    fields="""active=true attributes=[] created default_price description images=[]
        livemode=false marketing_features=[] metadata={} name package_dimensions shippable
        statement_descriptor tax_code tax_details type="service" unit_label updated url""",
    expands="default_price:price tax_code:-",
    verbs={
        "list": "active:bool created:$range ids:[str]<100 shippable:bool type:good|service url",
        "create": """active:bool default_price_data:{currency!:cur currency_options:$currencies
            custom_unit_amount:$custom metadata:map recurring:$every tax_behavior:$tax
            unit_amount:int>=0 unit_amount_decimal:dec ^unit_amount,unit_amount_decimal}
            description:str<40000 id images:[str]<8 marketing_features:[{name!:str<80}]<15
            metadata:map name! package_dimensions:{height!:num length!:num weight!:num
            width!:num} shippable:bool statement_descriptor:str<22 tax_code tax_details:any
            type:good|service unit_label:str<12 url""",
        "update": """active:bool default_price:@price description:str<40000? images:[str]<8?
            marketing_features:[{name!:str<80}]<15? metadata:map? name
            package_dimensions:{height!:num length!:num weight!:num width!:num}? shippable:bool
            statement_descriptor:str<22 tax_code:str? tax_details:any unit_label:str<12?
            url:str?""",
        "retrieve": "", "delete": "",
    },
))
declare(Resource(
    "price", "price_1", "/v1/prices", emits="created updated", lost={"": "price"},
    fields="""active=true billing_scheme="per_unit" created currency _currency_options
        custom_unit_amount livemode=false lookup_key metadata={} nickname product recurring
        tax_behavior="unspecified" _tiers tiers_mode transform_quantity type="one_time"
        unit_amount unit_amount_decimal""",
    expands="product:product tiers:_ currency_options:_",
    verbs={
        "list": """active:bool created:$range currency:cur lookup_keys:[str]<10 product:@product
            recurring:{interval:day|month|week|year meter usage_type:licensed|metered}
            type:one_time|recurring""",
        "create": """active:bool billing_scheme:per_unit|tiered currency!:cur
            currency_options:$currencies custom_unit_amount:$custom lookup_key:str<200
            metadata:map nickname product:@product product_data:{active:bool id metadata:map
            name! statement_descriptor:str<22 tax_code tax_details:any unit_label:str<12}
            recurring:{interval!:day|month|week|year interval_count:int>=1 meter
            usage_type:licensed|metered} tax_behavior:$tax tiers:$tiers
            tiers_mode:graduated|volume transfer_lookup_key:bool
            transform_quantity:{divide_by!:int round!:down|up} unit_amount:int>=0
            unit_amount_decimal:dec ^product,product_data ^unit_amount,unit_amount_decimal""",
        "update": """active:bool currency_options:$currencies? lookup_key:str<200? metadata:map?
            nickname:str? tax_behavior:$tax transfer_lookup_key:bool""",
        "retrieve": "",
    },
))
declare(Resource(
    "customer", "cus_", "/v1/customers", emits="created updated deleted", size=14,
    fields="""address balance=0 created currency customer_account default_source delinquent=false
        description discount email invoice_prefix invoice_settings={"custom_fields": null,
        "default_payment_method": null, "footer": null, "rendering_options": null} livemode=false
        metadata={} name next_invoice_sequence=1 phone preferred_locales=[] shipping
        tax_exempt="none" test_clock""",
    expands="""default_source:- invoice_settings.default_payment_method:payment_method
        subscriptions:[subscription] sources:[-] tax_ids:[-] test_clock:- cash_balance:_ tax:_""",
    verbs={
        "list": "created:$range email:str<512 test_clock:@test_clock",
        "create": """address:$address? balance:int business_name:str<150? cash_balance:any
            description email:email<512 individual_name:str<150? invoice_prefix:str<12
            invoice_settings:$invoicing metadata:map? name:str<256 next_invoice_sequence:int
            payment_method:@payment_method phone:str<20 preferred_locales:[str]
            shipping:$contact? source:any tax:any tax_exempt:exempt|none|reverse?
            tax_id_data:[{type! value!}]<5 test_clock validate:bool""",
        "update": """address:$address? balance:int business_name:str<150? cash_balance:any
            default_source:str<500 description:str? email:email<512? individual_name:str<150?
            invoice_prefix:str<12 invoice_settings:$invoicing metadata:map? name:str<256?
            next_invoice_sequence:int phone:str<20? preferred_locales:[str]? shipping:$contact?
            source:any tax:any tax_exempt:exempt|none|reverse? validate:bool""",
        "retrieve": "", "delete": "",
    },
))
declare(Resource(
    "payment_method", "pm_1", "/v1/payment_methods",
    called="PaymentMethod", events="payment_method", emits="updated", lost={"": "payment_method"},
    fields="""allow_redisplay="unspecified" billing_details={"address": {"city": null, "country":
        null, "line1": null, "line2": null, "postal_code": null, "state": null}, "email": null,
        "name": null, "phone": null, "tax_id": null} card created customer customer_account
        livemode=false metadata={} radar_options={} type="card" _outcome""",
    expands="customer:customer",
    verbs={
        "list": """allow_redisplay:always|limited|unspecified customer:@customer customer_account
            type""",
        "create": """type!:card|card card!:$card billing_details:$billing metadata:map
            allow_redisplay:always|limited|unspecified customer customer_account""",
        "update": """billing_details:$billing metadata:map? card:any
            allow_redisplay:always|limited|unspecified""",
        "attach": "customer!:@customer",
        "retrieve": "", "detach": "",
    },
))
declare(Resource(
    "payment_intent", "pi_3", "/v1/payment_intents", emits="created", lost={"": "intent"},
    fields="""allowed_payment_method_types amount amount_capturable=0 amount_details={"tip":{}}
        amount_received=0 application application_fee_amount automatic_payment_methods
        canceled_at cancellation_reason capture_method="automatic_async" client_secret
        confirmation_method="automatic" created currency customer customer_account description
        excluded_payment_method_types last_payment_error latest_charge livemode=false
        managed_payments={"enabled":false} metadata={} next_action on_behalf_of payment_method
        payment_method_configuration_details payment_method_options={}
        payment_method_types=["card"] payment_record processing receipt_email review
        setup_future_usage shared_payment_granted_token shipping source statement_descriptor
        statement_descriptor_suffix status="requires_payment_method" transfer_data transfer_group
        _invoice""",
    expands="""customer:customer latest_charge:charge payment_method:payment_method review:-
        application:- on_behalf_of:- last_payment_error.payment_method:payment_method""",
    verbs={
        "list": "created:$range customer:@customer customer_account ^customer,customer_account",
        "create": """allowed_payment_method_types:[str] amount!:int amount_details:any
            application_fee_amount:int automatic_payment_methods:{allow_redirects:always|never
            enabled!:bool} capture_method:automatic|automatic_async|manual confirm:bool
            confirmation_method:automatic|manual confirmation_token currency!:cur
            customer:@customer customer_account description:str<1000
            error_on_requires_action:bool excluded_payment_method_types:[str] hooks:any mandate
            mandate_data:any metadata:map off_session:bool/one_off|recurring on_behalf_of
            payment_details:any payment_method:@payment_method
            payment_method_configuration:str<100 payment_method_data:any
            payment_method_options:any payment_method_types:[str] radar_options:any
            receipt_email:email return_url:url setup_future_usage:off_session|on_session
            shipping:$shipping statement_descriptor:str<22 statement_descriptor_suffix:str<22
            transfer_data:any transfer_group use_stripe_sdk:bool ^customer,customer_account
            ^automatic_payment_methods,confirmation_method
            ^automatic_payment_methods,payment_method_types
            ^automatic_payment_methods,allowed_payment_method_types""",
        "retrieve": "client_secret",
        "update": """allowed_payment_method_types:[str]? amount:int amount_details:any
            application_fee_amount:int? capture_method:automatic|automatic_async|manual
            currency:cur customer:@customer customer_account description:str<1000?
            excluded_payment_method_types:[str]? hooks:any metadata:map? payment_details:any
            payment_method:@payment_method payment_method_configuration:str<100
            payment_method_data:any payment_method_options:any payment_method_types:[str]
            receipt_email:email? setup_future_usage:off_session|on_session? shipping:$shipping?
            statement_descriptor:str<22 statement_descriptor_suffix:str<22 transfer_data:any
            transfer_group""",
        "cancel": "cancellation_reason:abandoned|duplicate|fraudulent|requested_by_customer",
        "confirm": """amount_to_confirm:int capture_method:automatic|automatic_async|manual
            client_secret confirmation_token error_on_requires_action:bool mandate
            mandate_data:any off_session:bool/one_off|recurring payment_method:@payment_method
            payment_method_data:any payment_method_options:any payment_method_types:[str]
            radar_options:any receipt_email:email? return_url:url
            setup_future_usage:off_session|on_session? shipping:$shipping? use_stripe_sdk:bool""",
        "capture": """amount_to_capture:int>=1 application_fee_amount:int final_capture:bool
            metadata:map? statement_descriptor:str<22 statement_descriptor_suffix:str<22
            transfer_data:any""",
    },
))
declare(Resource(
    "charge", "ch_3", "/v1/charges", lost={"": "charge"},
    fields="""amount amount_captured=0 amount_refunded=0 application application_fee
        application_fee_amount balance_transaction billing_details
        calculated_statement_descriptor captured=false created currency customer description
        destination dispute disputed=false failure_balance_transaction failure_code
        failure_message fraud_details={} livemode=false metadata={} on_behalf_of order outcome
        paid=false payment_intent payment_method payment_method_details radar_options={}
        receipt_email receipt_number receipt_url refunded=false review shipping source
        source_transfer statement_descriptor statement_descriptor_suffix status="pending"
        transfer_data transfer_group""",
    expands="""customer:customer payment_intent:payment_intent refunds:[refund] review:-
        balance_transaction:- application:- on_behalf_of:-""",
    verbs={
        "list": "created:$range customer:@customer payment_intent:@payment_intent transfer_group",
        "retrieve": "",
    },
))
declare(Resource(
    "refund", "re_3", "/v1/refunds", emits="created updated", lost={"": "refund"},
    fields="""amount balance_transaction charge created currency destination_details={"card":
        {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type":
        "refund"}, "type": "card"} metadata={} payment_intent reason receipt_number
        source_transfer_reversal status="succeeded" transfer_reversal""",
    expands="charge:charge payment_intent:payment_intent balance_transaction:-",
    verbs={
        "list": "charge:@charge created:$range payment_intent:@payment_intent",
        "create": """amount:int>=1 charge:@charge currency:cur customer:@customer
            instructions_email:email metadata:map? origin:customer_balance|customer_balance
            payment_intent:@payment_intent reason:duplicate|fraudulent|requested_by_customer
            refund_application_fee:bool reverse_transfer:bool ^charge,payment_intent""",
        "update": "metadata:map?",
        "retrieve": "",
    },
))
declare(Resource(
    "setup_intent", "seti_1", "/v1/setup_intents", lost={"": "intent"},
    fields="""application automatic_payment_methods cancellation_reason client_secret created
        customer customer_account description excluded_payment_method_types flow_directions
        last_setup_error latest_attempt livemode=false managed_payments={"enabled":false} mandate
        metadata={} next_action on_behalf_of payment_method payment_method_configuration_details
        payment_method_options={} payment_method_types=["card"] single_use_mandate
        status="succeeded" usage="off_session"
    """,
    expands="customer:customer payment_method:payment_method",
    verbs={
        "retrieve": "client_secret",
    },
))
declare(Resource(
    "invoiceitem", "ii_1", "/v1/invoiceitems", emits="created deleted", lost={"": "invoiceitem"},
    fields="""amount=0 currency customer customer_account date description discountable=true
        discounts=[] frozen_fields=[] invoice invoicing_rules=[] livemode=false metadata={}
        parent period pricing proration=false quantity=1 quantity_decimal="1" tax_rates=[]
        test_clock""",
    expands="customer:customer invoice:invoice discounts:- tax_rates:- test_clock:-",
    verbs={
        "list": "created:$range customer:@customer customer_account invoice:@invoice pending:bool",
        "create": """amount:int currency:cur customer:@customer customer_account description
            discountable:bool discounts:$discounts? invoice:@invoice metadata:map?
            period:{end!:time start!:time} price_data:$item_price pricing:{price:@price}
            quantity:int>=0 quantity_decimal:dec subscription:@subscription tax_behavior:$tax
            tax_code:str? tax_rates:[@tax_rate] unit_amount_decimal:dec ^amount,quantity
            ^quantity,quantity_decimal ^amount,pricing ^amount,price_data ^pricing,price_data
            ^amount,unit_amount_decimal ^pricing,unit_amount_decimal
            ^price_data,unit_amount_decimal ^customer,customer_account""",
        "retrieve": "", "delete": "",
    },
))
declare(Resource(
    "invoice", "in_1", "/v1/invoices",
    emits="created updated deleted",
    lost={"": "id", "retrieve": "invoice", "delete": "invoice", "lines": "invoice"},
    fields="""account_country="US" account_name="Emulator" account_tax_ids amount_due=0
        amount_overpaid=0 amount_paid=0 amount_paid_off_stripe=0 amount_remaining=0
        amount_shipping=0 application attempt_count=0 attempted=false auto_advance=false
        automatic_tax={"disabled_reason": null, "enabled": false, "liability": null, "provider":
        null, "status": null} automatically_finalizes_at billing_reason="manual"
        collection_method="charge_automatically" _confirmation_secret created currency="usd"
        custom_fields customer customer_account customer_address customer_email customer_name
        customer_phone customer_shipping customer_tax_exempt="none" customer_tax_ids=[]
        default_payment_method default_source default_tax_rates=[] description discounts=[]
        due_date effective_at ending_balance footer from_invoice hosted_invoice_url invoice_pdf
        issuer={"type":"self"} last_finalization_error latest_revision lines livemode=false
        metadata={} next_payment_attempt number on_behalf_of parent
        payment_settings={"default_mandate": null, "payment_method_options": null,
        "payment_method_types": null} _payments=[] period_end period_start
        post_payment_credit_notes_amount=0 pre_payment_credit_notes_amount=0 receipt_number
        rendering={"amount_tax_display": null, "pdf": {"page_size": "auto"}, "template": null,
        "template_version": null} shipping_cost shipping_details starting_balance=0
        statement_descriptor status="draft" status_transitions={"finalized_at": null,
        "marked_uncollectible_at": null, "paid_at": null, "voided_at": null} subtotal=0
        subtotal_excluding_tax=0 test_clock total=0 total_discount_amounts=[]
        total_excluding_tax=0 total_pretax_credit_amounts=[] total_taxes=[] webhooks_delivered_at
        _lines=[]""",
    expands="""customer:customer default_payment_method:payment_method payments:[invoice_payment]
        confirmation_secret:_ discounts:- account_tax_ids:- application:- default_source:-
        default_tax_rates:- latest_revision:invoice on_behalf_of:- test_clock:-
        lines.data:line_item parent.subscription_details.subscription:subscription""",
    verbs={
        "list": """collection_method:charge_automatically|send_invoice created:$range
            customer:@customer customer_account due_date:$range
            status:draft|open|paid|uncollectible|void subscription:@subscription
            ^customer,customer_account""",
        "create": """account_tax_ids:[str]? application_fee_amount:int auto_advance:bool
            automatic_tax:$auto_tax automatically_finalizes_at:time
            collection_method:charge_automatically|send_invoice currency:cur
            custom_fields:$fields? customer:@customer customer_account days_until_due:int>=0
            default_payment_method:@payment_method default_source default_tax_rates:[@tax_rate]
            description:str<1500 discounts:$discounts? due_date:time effective_at:time footer
            from_invoice:any issuer:$issuer metadata:map? number:str<26 on_behalf_of
            payment_settings:$settlement pending_invoice_items_behavior:include|exclude
            rendering:$rendering shipping_cost:any shipping_details:$contact
            statement_descriptor:str<22 subscription:@subscription transfer_data:any
            ^customer,customer_account ^days_until_due,due_date""",
        "update": """account_tax_ids:[str]? application_fee_amount:int auto_advance:bool
            automatic_tax:$auto_tax automatically_finalizes_at:time
            collection_method:charge_automatically|send_invoice custom_fields:$fields?
            days_until_due:int>=0 default_payment_method:@payment_method default_source:str?
            default_tax_rates:[@tax_rate]? description:str<1500? discounts:$discounts?
            due_date:time effective_at:time? footer:str? issuer:$issuer metadata:map?
            number:str<26? on_behalf_of:str? payment_settings:$settlement rendering:$rendering
            shipping_cost:any shipping_details:$contact? statement_descriptor:str<22
            transfer_data:any ^days_until_due,due_date""",
        "finalize": "auto_advance:bool",
        "pay": """forgive:bool mandate:str? off_session:bool paid_out_of_band:bool
            payment_method:@payment_method source:any""",
        "retrieve": "", "delete": "", "void": "", "send": "", "lines": "",
    },
))
declare(Resource(
    "invoice_payment", "inpay_1", "-",
    fields="""amount_paid amount_requested created currency invoice is_default=true
        livemode=false payment status="paid" status_transitions""",
    expands="invoice:invoice payment.payment_intent:payment_intent",
    verbs={},
))
declare(Resource(
    "line_item", "il_1", "-",
    fields="""amount currency description discount_amounts=[] discountable=true discounts=[]
        invoice livemode=false metadata={} parent period pretax_credit_amounts=[] pricing
        quantity=1 quantity_decimal="1" subscription subtotal taxes=[]""",
    verbs={},
))
declare(Resource(
    "subscription", "sub_1", "/v1/subscriptions",
    events="customer.subscription", emits="created updated deleted",
    fields="""application application_fee_percent automatic_tax={"disabled_reason": null,
        "enabled": false, "liability": null} billing_cycle_anchor billing_cycle_anchor_config
        billing_mode={"flexible": {"proration_discounts": "included"}, "type": "flexible",
        "updated_at": null} billing_schedules=[] billing_thresholds cancel_at
        cancel_at_period_end=false canceled_at cancellation_details={"comment": null, "feedback":
        null, "reason": null} collection_method="charge_automatically" created currency customer
        customer_account days_until_due default_payment_method default_source
        default_tax_rates=[] description discounts=[] ended_at
        invoice_settings={"account_tax_ids": null, "issuer": {"type": "self"}} items
        latest_invoice livemode=false managed_payments={"enabled":false} metadata={}
        next_pending_invoice_item_invoice on_behalf_of pause_collection
        payment_settings={"payment_method_options": null, "payment_method_types": null,
        "save_default_payment_method": "off"} pending_invoice_item_interval pending_setup_intent
        pending_update plan quantity schedule start_date status="active" test_clock transfer_data
        trial_end trial_settings={"end_behavior": {"missing_payment_method": "create_invoice"}}
        trial_start _items=[]""",
    expands="""customer:customer default_payment_method:payment_method latest_invoice:invoice
        items.data.price:price items.data.discounts:- discounts:- default_tax_rates:- schedule:-
        application:- default_source:- on_behalf_of:- pending_setup_intent:setup_intent
        plan.product:product test_clock:-""",
    verbs={
        "list": """automatic_tax:any collection_method:charge_automatically|send_invoice
            created:$range current_period_end:$range current_period_start:$range
            customer:@customer customer_account price:@price status:$status test_clock
            ^customer,customer_account""",
        "create": """add_invoice_items:any application_fee_percent:num? automatic_tax:$auto_tax
            backdate_start_date:time billing_cycle_anchor:time billing_cycle_anchor_config:any
            billing_mode:any billing_schedules:any billing_thresholds:any
            cancel_at:time/max_billed_until|max_period_end|min_period_end
            cancel_at_period_end:bool collection_method:charge_automatically|send_invoice
            currency:cur customer:@customer customer_account days_until_due:int>=0
            default_payment_method:@payment_method default_source default_tax_rates:[@tax_rate]?
            description:str<500 discounts:$discounts? invoice_settings:any
            items!:[$subscribed]<20 metadata:map? off_session:bool on_behalf_of:str?
            payment_behavior:$behavior payment_settings:$settlement
            pending_invoice_item_interval:$every?
            proration_behavior:always_invoice|create_prorations|none transfer_data:any
            trial_end:now|now/time trial_from_plan:bool trial_period_days:int>=1
            trial_settings:$end_behavior ^customer,customer_account
            ^cancel_at,cancel_at_period_end ^trial_end,trial_period_days
            ^trial_end,trial_from_plan ^billing_cycle_anchor,billing_cycle_anchor_config""",
        "update": """add_invoice_items:any application_fee_percent:num? automatic_tax:$auto_tax
            billing_cycle_anchor:now|unchanged billing_thresholds:any billing_schedules:any
            cancel_at:time/max_billed_until|max_period_end|min_period_end?
            cancel_at_period_end:bool cancellation_details:$leaving
            collection_method:charge_automatically|send_invoice days_until_due:int>=0
            default_payment_method:@payment_method default_source:str?
            default_tax_rates:[@tax_rate]? description:str<500? discounts:$discounts?
            invoice_settings:any items:[{billing_thresholds:any clear_usage:bool deleted:bool
            discounts:$discounts? id metadata:map? price:@price price_data:$item_price
            quantity:int>=0 tax_rates:[@tax_rate]? ^price,price_data}]<20 metadata:map?
            off_session:bool on_behalf_of:str?
            pause_collection:{behavior!:keep_as_draft|mark_uncollectible|void resumes_at:time}?
            payment_behavior:$behavior payment_settings:$settlement
            pending_invoice_item_interval:$every?
            proration_behavior:always_invoice|create_prorations|none proration_date:time
            transfer_data:any trial_end:now|now/time trial_from_plan:bool
            trial_settings:$end_behavior ^cancel_at,cancel_at_period_end
            ^trial_end,trial_from_plan""",
        "delete": "cancellation_details:$leaving invoice_now:bool prorate:bool",
        "retrieve": "",
    },
))
declare(Resource(
    "subscription_item", "si_", "-", size=14,
    fields="""billing_thresholds created current_period_end current_period_start discounts=[]
        metadata={} plan price quantity=1 subscription tax_rates=[]""",
    verbs={},
))
declare(Resource(
    "checkout.session", "cs_test_a1", "/v1/checkout/sessions",
    size=56, lost={"": None}, elsewhere={"complete": "/v1/test_helpers/checkout/sessions"},
    fields="""adaptive_pricing={"enabled":false} after_expiration allow_promotion_codes
        amount_subtotal amount_total automatic_tax={"enabled": false, "liability": null,
        "provider": null, "status": null} billing_address_collection
        branding_settings={"background_color": "#ffffff", "border_style": "rounded",
        "button_color": "#0074d4", "display_name": "Emulator", "font_family": "default", "icon":
        null, "logo": null} cancel_url client_reference_id client_secret collected_information
        consent consent_collection created currency currency_conversion custom_fields=[]
        custom_text={"after_submit": null, "shipping_address": null, "submit": null,
        "terms_of_service_acceptance": null} customer customer_account customer_creation
        customer_details customer_email discounts=[] expires_at integration_identifier invoice
        invoice_creation livemode=false locale managed_payments={"enabled":false} metadata={}
        mode="payment" origin_context payment_intent payment_link
        payment_method_collection="if_required" payment_method_configuration_details
        payment_method_options={} payment_method_types=["card"] payment_status="unpaid"
        permissions phone_number_collection={"enabled":false} recovered_from
        saved_payment_method_options setup_intent shipping_address_collection shipping_cost
        shipping_options=[] status="open" submit_type subscription success_url
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}
        ui_mode="hosted_page" url wallet_options _line_items=[] _data={}""",
    expands="""customer:customer payment_intent:payment_intent subscription:subscription
        setup_intent:setup_intent invoice:invoice line_items:[item] payment_link:-""",
    verbs={
        "list": """created:$range customer:@customer customer_account customer_details:{email!}
            payment_intent:@payment_intent payment_link status:complete|expired|open
            subscription:@subscription ^customer,customer_account""",
        "create": """adaptive_pricing:{enabled:bool} after_expiration:any
            allow_promotion_codes:bool allowed_payment_method_types:[str] automatic_tax:$auto_tax
            billing_address_collection:auto|required branding_settings:any cancel_url:url
            client_reference_id:str<200 consent_collection:any currency:cur custom_fields:[any]<3
            custom_text:any customer:@customer customer_account
            customer_creation:always|if_required customer_email:email customer_update:any
            discounts:[{coupon:@coupon promotion_code:@promotion_code}]<1
            excluded_payment_method_types:[str] expires_at:time integration_identifier:str<200
            invoice_creation:any line_items:[$line]<100 locale:str<10
            managed_payments:{enabled:bool} metadata:map mode:payment|setup|subscription
            name_collection:any optional_items:[any]<10 origin_context:mobile_app|web
            payment_intent_data:{application_fee_amount:int
            capture_method:automatic|automatic_async|manual description:str<1000 metadata:map
            on_behalf_of receipt_email:email setup_future_usage:off_session|on_session
            shipping:$shipping statement_descriptor:str<22 statement_descriptor_suffix:str<22
            transfer_data:any transfer_group} payment_method_collection:always|if_required
            payment_method_configuration:str<100 payment_method_data:any
            payment_method_options:any payment_method_types:[str] permissions:any
            phone_number_collection:{enabled!:bool}
            redirect_on_completion:always|if_required|never return_url:url
            saved_payment_method_options:any setup_intent_data:{description:str<1000 metadata:map
            on_behalf_of} shipping_address_collection:{allowed_countries!:[str]}
            shipping_options:[$shipping_rate]<5 submit_type:auto|book|donate|pay|subscribe
            subscription_data:{application_fee_percent:num billing_cycle_anchor:time
            billing_mode:any default_tax_rates:[@tax_rate] description:str<500
            invoice_settings:any metadata:map on_behalf_of pending_invoice_item_interval:$every
            proration_behavior:create_prorations|none transfer_data:any trial_end:time
            trial_period_days:int>=1 trial_settings:$end_behavior ^trial_end,trial_period_days}
            success_url:url tax_id_collection:{enabled!:bool required:if_supported|never}
            ui_mode:elements|embedded_page|form|hosted_page wallet_options:any
            ^customer,customer_email ^customer,customer_account ^allow_promotion_codes,discounts
            ^payment_method_types,allowed_payment_method_types
            ^payment_method_types,excluded_payment_method_types
            ^payment_method_types,payment_method_configuration""",
        "update": """collected_information:any line_items:[$line]<100 metadata:map?
            shipping_options:[$shipping_rate]<5?""",
        "complete": "payment_method email:email",
        "retrieve": "", "expire": "", "line_items": "",
    },
))
declare(Resource(
    "item", "li_1", "-",
    fields="""adjustable_quantity amount_discount=0 amount_subtotal amount_tax=0 amount_total
        currency description metadata={} price quantity=1""",
    expands="price:price",
    verbs={},
))
declare(Resource(
    "event", "evt_1", "/v1/events",
    fields="api_version created data livemode=false pending_webhooks=0 request type",
    verbs={
        "list": "created:$range delivery_success:bool type types:[str]<20 ^type,types",
        "retrieve": "",
    },
))
declare(Resource(
    "webhook_endpoint", "we_1", "/v1/webhook_endpoints", lost={"": "webhook_endpoint"},
    fields="""api_version application created description enabled_events=[] livemode=false
        metadata={} _secret status="enabled" url""",
    verbs={
        "create": """api_version connect:bool description:str? enabled_events!:[str]
            metadata:map? url!:url""",
        "update": "description:str? disabled:bool enabled_events:[str] metadata:map? url:url",
        "list": "", "retrieve": "", "delete": "",
    },
))
# fmt: on

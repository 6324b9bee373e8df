"""Which groups of parameters do several resources take?"""

from stripe_emulator.declare import shape

shape(
    range="{gt:int gte:int lt:int lte:int}/int",
    address="{city country line1 line2 postal_code state}",
    shipping="{address!:$address carrier name! phone tracking_number}",
    contact="{address!:$address name! phone}",
    every="{interval!:day|month|week|year interval_count:int>=1}",
    tax="exclusive|inclusive|unspecified",
    custom="{enabled!:bool maximum:int minimum:int preset:int}",
    tiers="""[{flat_amount:int flat_amount_decimal:dec unit_amount:int unit_amount_decimal:dec
        up_to!:inf|inf/int}]""",
    currencies="""{*:{custom_unit_amount:$custom tax_behavior:$tax tiers:$tiers unit_amount:int
        unit_amount_decimal:dec}}""",
    discounts="[{coupon:@coupon discount:@discount promotion_code:@promotion_code}]",
    fields="[{name!:str<40 value!:str<140}]<4",
    issuer="{account type!:account|self}",
    auto_tax="{enabled!:bool liability:$issuer}",
    settlement="""{default_mandate:str? payment_method_options:any payment_method_types:[str]?
        save_default_payment_method:off|on_subscription}""",
    item_price="""{currency!:cur product!:@product recurring:$every tax_behavior:$tax
        unit_amount:int>=0 unit_amount_decimal:dec ^unit_amount,unit_amount_decimal}""",
    end_behavior="{end_behavior!:{missing_payment_method!:cancel|create_invoice|pause}}",
)

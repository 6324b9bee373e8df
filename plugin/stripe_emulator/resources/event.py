"""What is an event: what happened to which object, as webhooks tell it?"""

from stripe_emulator.declare import Resource, declare

declare(
    Resource(
        kind="event",
        prefix="evt_1",
        path="/v1/events",
        fields="api_version created data livemode=false pending_webhooks=0 request type",
        verbs={
            "list": "created:$range delivery_success:bool type types:[str]<20 ^type,types",
            "retrieve": "",
        },
        looks_at={"types": "type"},
        conditions={
            "type": "json_extract(body, '$.type') GLOB ?",
            "delivery_success": "? IS NOT NULL",
        },
    )
)

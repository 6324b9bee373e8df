"""What is an event: what happened to which object, as webhooks tell it?"""

from stripe_emulator.declare import Resource, declare

declare(
    Resource(
        kind="event",
        prefix="evt_1",
        path="/v1/events",
        verbs="list retrieve",
        looks_at={"types": "type"},
        conditions={"type": "json_extract(body, '$.type') GLOB ?"},
    )
)

"""What is a webhook endpoint: which events go where?"""

from urllib.parse import urlsplit

from stripe_emulator.account import Account
from stripe_emulator.declare import PINNED, Resource, declare
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.message import token
from stripe_emulator.refusals import Json, Refusal

declare(
    Resource(
        kind="webhook_endpoint",
        prefix="we_1",
        path="/v1/webhook_endpoints",
        verbs="create update list retrieve delete",
        starts='_secret status="enabled"',
        echoes="description enabled_events",
        in_path="webhook_endpoint",
    )
)

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@does("webhook_endpoint.create", f"api_version={PINNED} connect=false url")
def create(account: Account, endpoint: Json, given: Given) -> Json:
    """Register an endpoint; its signing secret is shown once."""
    _check_local(given["url"])
    secret = f"whsec_{token(32)}"
    endpoint["_secret"] = secret
    return account.create(endpoint) | {"secret": secret}


@does("webhook_endpoint.update", "disabled url")
def update(account: Account, endpoint: Json, given: Given) -> Json:
    """Change an endpoint, or switch it off and on."""
    _check_local(endpoint["url"])
    if "disabled" in given:
        endpoint["status"] = "disabled" if given["disabled"] else "enabled"
    return account.change(endpoint)


def _check_local(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
        raise Refusal(
            "Invalid URL: the emulator delivers webhooks only to http://localhost or "
            "http://127.0.0.1.",
            code="url_invalid",
            param="url",
        )

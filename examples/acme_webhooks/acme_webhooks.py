"""Where does Stripe tell what happened? Two actions of our own; an audit and a guard for all."""

import logging
import os

from stripe_plugin import Action, Deleted, Denied, Resource, action, hookimpl, path_id, required

ENDPOINT = Resource("webhook_endpoint", prefix="we_", docs="webhook_endpoints")


@action("POST /v1/webhook_endpoints", ENDPOINT)
class CreateWebhookEndpoint(Action):
    """Let Stripe tell an address of yours what happens."""

    url: str = required("URL", "https://acme.example/hook", "Where to tell it")
    enabled_events: list[str] = required("Enabled Events", ["charge.failed"], "What to tell")


@action("DELETE /v1/webhook_endpoints/{webhook_endpoint}", ENDPOINT, answers=Deleted())
class DeleteWebhookEndpoint(Action):
    """Let Stripe tell it no more."""

    webhook_endpoint: str = path_id("Endpoint ID", "we_123", "Whom not to tell", ENDPOINT)


@hookimpl
def register_actions():
    return [CreateWebhookEndpoint, DeleteWebhookEndpoint]


@hookimpl(specname="run_action", wrapper=True, tryfirst=True)
def audit(action, connection):
    ended = "not done"
    try:
        result = yield
        ended = f"done by {result.request_id}"
        return result
    finally:
        logging.getLogger("acme").info("%s, %s: %s", action.spec.id, connection.mode, ended)


@hookimpl(specname="run_action", wrapper=True)
def guard(action):
    if action.spec.hints["destructive"] and "ACME_FREEZE" in os.environ:
        raise Denied("There is a freeze: unset ACME_FREEZE before anything is deleted.")
    return (yield)

"""A host's runs as OpenTelemetry spans: of facts, never of inputs, keys or an error's text."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from importlib.metadata import version
from importlib.util import find_spec
from inspect import isawaitable
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from stripe_plugin.errors import StripeError
from stripe_plugin.host.hookspecs import hookimpl
from stripe_plugin.host.watch import Unstarted

# Where an attribute comes from. HTTP's are those of OpenTelemetry's semantic conventions.
OF_THE_RUN = ("run_id", "step", "item")
OF_THE_END = {
    "http.response.status_code": "status",
    "error.type": "category",
    "stripe.attempts": "attempts",
    "stripe.code": "code",
    "stripe.idempotency_key": "idempotency_key",
    "stripe.mode": "mode",
    "stripe.outcome_unknown": "outcome_unknown",
    "stripe.replayed": "replayed",
    "stripe.request_id": "request_id",
}

Facts = dict[str, Any]
Hook: TypeAlias = Generator[None, Any, Any]
_version = cache(version)


def _before(action: Any, connection: Any, context: Any) -> Facts:
    """The attributes that are known beforehand."""
    facts = {
        "http.request.method": action.spec.method,
        "url.template": action.spec.path,
        "stripe.action": action.spec.id,
        "stripe.mode": connection.mode,
        "stripe.account": context.account or connection.account,
    }
    if connection.in_process is None:
        place = urlsplit(str(connection.base_url))
        facts["server.address"] = place.hostname
        facts["server.port"] = place.port
    for word in OF_THE_RUN:
        facts[f"stripe.{word}"] = getattr(context, word)
    return _there(facts)


def _after(ended: Any) -> Facts:
    """The attributes that a result or an error of Stripe's adds."""
    facts = {name: getattr(ended, word, None) for name, word in OF_THE_END.items()}
    return _there(facts)


def _there(facts: Mapping[str, Any]) -> Facts:
    """Those that have a value."""
    return {name: fact for name, fact in facts.items() if fact is not None}


@contextmanager
def _span(action: Any, connection: Any, context: Any) -> Generator[Any]:
    """The span of a run, current while it lasts."""
    from opentelemetry import trace

    tracer = trace.get_tracer("stripe-nodes", _version("stripe-nodes"))
    with tracer.start_as_current_span(
        f"stripe {action.spec.id}",
        kind=trace.SpanKind.CLIENT,
        attributes=_before(action, connection, context),
        record_exception=False,  # with its text, which may repeat an input
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as error:
            facts = _of_error(error)
            span.set_attributes(facts)
            span.set_status(trace.StatusCode.ERROR, _words(facts))
            raise


def _of_error(error: BaseException) -> Facts:
    if isinstance(error, StripeError):
        return _after(error)
    return {"error.type": type(error).__qualname__}


def _words(facts: Facts) -> str:
    """An error in two words: its type, and Stripe's code."""
    words = [facts.get("error.type"), facts.get("stripe.code")]
    return "/".join(str(word) for word in words if word)


async def _awaited(inner: Any, spanned: Any) -> Any:
    with spanned as span:
        result = await inner
        span.set_attributes(_after(result))
        return result


def _installed() -> bool:
    """Whether OpenTelemetry can be imported, when there is a run."""
    try:
        return find_spec("opentelemetry.trace") is not None
    except ImportError:  # not even the package around it
        return False


if _installed():

    @hookimpl(wrapper=True, tryfirst=True)
    def run_action(action: Any, connection: Any, context: Any) -> Hook:
        """A span around the run and the other hooks."""
        with _span(action, connection, context) as span:
            result = yield
            span.set_attributes(_after(result))
            return result

    @hookimpl(wrapper=True, tryfirst=True)
    def arun_action(action: Any, connection: Any, context: Any) -> Hook:
        """The same for asyncio: it begins when it is awaited."""
        spanned = _span(action, connection, context)
        try:
            inner = yield
        except BaseException:  # denied at once
            with spanned:
                raise
        return Unstarted(partial(_awaited, inner, spanned)) if isawaitable(inner) else inner

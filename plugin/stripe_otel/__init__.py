"""A host's runs as OpenTelemetry spans: of facts, never of inputs, keys or an error's text."""

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from inspect import isawaitable
from types import coroutine
from typing import Any
from urllib.parse import urlsplit

from stripe_plugin.errors import StripeError
from stripe_plugin.host.hookspecs import hookimpl

TOLD = "attempts code idempotency_key mode outcome_unknown replayed request_id".split()
_version = cache(version)


def _asked(action: Any, connection: Any, context: Any) -> dict[str, Any]:
    """The attributes that are known beforehand."""
    place = urlsplit(connection.base_url if connection.in_process is None else "")
    facts = {"http.request.method": action.spec.method, "url.template": action.spec.path}
    facts |= {"server.address": place.hostname, "server.port": place.port}
    facts |= {"stripe.action": action.spec.id, "stripe.mode": connection.mode}
    facts |= {f"stripe.{word}": getattr(context, word) for word in ("run_id", "step", "item")}
    facts |= {"stripe.account": context.account or connection.account}
    return {name: fact for name, fact in facts.items() if fact is not None}


def _told(ended: Any) -> dict[str, Any]:
    """The attributes that a result or an error of Stripe's adds, where it has them."""
    words = {f"stripe.{word}": word for word in TOLD}
    words |= {"http.response.status_code": "status", "error.type": "category"}
    facts = {name: getattr(ended, word, None) for name, word in words.items()}
    return {name: fact for name, fact in facts.items() if fact is not None}


@contextmanager
def _span(action: Any, connection: Any, context: Any) -> Generator[Any]:
    """The span of a run, current while it lasts."""
    from opentelemetry import trace

    with trace.get_tracer("stripe-nodes", _version("stripe-nodes")).start_as_current_span(
        f"stripe {action.spec.id}",
        kind=trace.SpanKind.CLIENT,
        attributes=_asked(action, connection, context),
        record_exception=False,  # with its text, which may repeat an input
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as error:
            told = {"error.type": type(error).__qualname__}
            told = _told(error) if isinstance(error, StripeError) else told
            why = (str(told[name]) for name in ("error.type", "stripe.code") if name in told)
            span.set_attributes(told)
            span.set_status(trace.StatusCode.ERROR, "/".join(why))
            raise


async def _awaited(inner: Any, spanned: Any) -> Any:
    with spanned as span:
        result = await inner
        span.set_attributes(_told(result))
        return result


@coroutine  # of a generator: an outer wrapper that denies the run may drop it without a warning
def _later(inner: Any, spanned: Any) -> Generator[Any, Any, Any]:
    return (yield from _awaited(inner, spanned).__await__())


def _installed() -> bool:
    """Whether OpenTelemetry can be imported, when there is a run."""
    try:
        return find_spec("opentelemetry.trace") is not None
    except ImportError:  # not even the package around it
        return False


if _installed():

    @hookimpl(wrapper=True, tryfirst=True)
    def run_action(action: Any, connection: Any, context: Any) -> Generator[None, Any, Any]:
        """A span around the run and the other hooks."""
        with _span(action, connection, context) as span:
            result = yield
            span.set_attributes(_told(result))
            return result

    @hookimpl(wrapper=True, tryfirst=True)
    def arun_action(action: Any, connection: Any, context: Any) -> Generator[None, Any, Any]:
        """The same for asyncio: it begins when it is awaited."""
        spanned = _span(action, connection, context)
        try:
            inner = yield
        except BaseException:  # denied at once
            with spanned:
                raise
        return _later(inner, spanned) if isawaitable(inner) else inner

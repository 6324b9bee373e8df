"""What do hooks see of a run, and what can they not hide?"""

import time
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeAlias, TypeVar

from stripe_plugin.errors import ConnectionFailed, InvalidInputs, NodeError, StripeError, UsageError
from stripe_plugin.host.discovery import Report
from stripe_plugin.host.hookspecs import hookimpl
from stripe_plugin.secrets import masked, said

if TYPE_CHECKING:
    from stripe_plugin.host.clients import Clients
    from stripe_plugin.run.context import RunContext
    from stripe_plugin.run.result import Result

T = TypeVar("T")
Parts: TypeAlias = tuple[tuple[Any, ...], dict[str, Any]]
LONGEST_REASON = 300  # characters of a stranger's error


class HookFailed(NodeError, category="hook", http_status=500):
    """A hook failed, by the error that is its cause, when Stripe had been asked already.

    `result` is what was done, or `error` says that its outcome is unknown.
    """

    def __init__(self, why: str, result: "Result | None", error: StripeError | None) -> None:
        self.why = masked(why)[:LONGEST_REASON]
        self.result = result
        self.error = error
        self.outcome_unknown = result is None
        super().__init__(self.why, result, error)

    def __str__(self) -> str:
        if self.result is None:
            return f"A hook failed ({self.why}) after this: {self.error}"
        what = f"{self.result.output.get('object')} {self.result.output.get('id')}"
        return (
            f"A hook failed ({self.why}) after Stripe had done it: {what}, request"
            f" {self.result.request_id}. Do not run it anew."
        )

    def facts(self) -> dict[str, Any]:
        """What was done, or what is not known."""
        result = self.result and self.result.as_dict()
        error = self.error and self.error.as_dict()
        return {"why": self.why, "result": result, "error": error}

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Self:
        """What `facts` gave."""
        from stripe_plugin.run.result import Result

        result = facts["result"] and Result.from_dict(facts["result"])
        error: Any = facts["error"] and NodeError.from_dict(facts["error"])
        return cls(facts["why"], result or None, error or None)


class Watch:
    """One run as its host sees it: around the hooks, and at their innermost.

    What Stripe said to the innermost is kept aside, so that no hook around it can hide it.
    """

    def __init__(self, hooks: Any, report: Report) -> None:
        self._hooks = hooks
        self._report = report
        self.action_id = ""
        self.context: RunContext | None = None
        self.named: RunContext | None = None  # the same, with the key that it uses
        self.result: Result | None = None
        self.error: BaseException | None = None
        self.heard_result: Result | None = None
        self.heard_error: StripeError | None = None

    def __enter__(self) -> Self:
        self._mark = _watch.set(self)
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        _watch.reset(self._mark)
        if error is not None:
            self.result = self.heard_result
            self.error = self._outcome(error)
        try:
            self._tell()
            if self.error is not error and self.error is not None:
                raise self.error from error
        finally:
            self.error = self.heard_error = None  # they have the frames that have this

    def _outcome(self, error: BaseException) -> BaseException:
        """The error of a run: where a hook's would hide what happened at Stripe, one that tells."""
        if not isinstance(error, Exception) or error is self.heard_error:
            return error
        unknown = self.heard_error is not None and self.heard_error.outcome_unknown
        if self.heard_result is None and not unknown:
            return error
        return HookFailed(said(error), self.heard_result, self.heard_error)

    def _tell(self) -> None:
        """Tells the observers, each with a copy of the result: they change no outcome."""
        for impl in self._hooks.after_run.get_hookimpls():
            told = {
                "action_id": self.action_id,
                "context": self.context,
                "result": deepcopy(self.result),
                "error": self.error,
            }
            known = None if self.error is None else _parts(self.error)
            try:
                impl.function(*(told[name] for name in impl.argnames))
            except KeyboardInterrupt:
                raise
            except BaseException as failed:  # noqa: BLE001 - an observer's matter
                self._report(str(impl.plugin_name), said(failed))
            if self.error is not None and known is not None:
                _restore(self.error, known)  # who catches it decides by it what to do


def _parts(error: BaseException) -> Parts:
    """What an error is made of; of the kinds that hold more than texts a copy."""
    parts = error.args, dict(vars(error))
    return deepcopy(parts) if isinstance(error, InvalidInputs | HookFailed) else parts


def _restore(error: BaseException, parts: Parts) -> None:
    error.args, state = parts
    vars(error).clear()
    vars(error).update(state)


_watch: ContextVar[Watch | None] = ContextVar("_watch", default=None)


Start: TypeAlias = Callable[[], Coroutine[Any, Any, T]]


class Unstarted(Generic[T]):
    """What begins when it is awaited: a wrapper that denies the run may drop it without a word."""

    def __init__(self, start: Start[T]) -> None:
        self._start = start

    def __await__(self) -> Generator[Any, Any, T]:
        return self._start().__await__()


class Runner:
    """What runs an action when no plugin does: the innermost of the hooks."""

    def __init__(self, clients: "Clients") -> None:
        self._clients = clients

    @hookimpl(trylast=True)
    def run_action(self, action: Any, connection: Any, context: Any) -> "Result":
        """Runs it over the client of its address."""
        watch = _watch.get() or _unwatched()
        with _overheard(watch, action, connection, context) as named:
            client = self._clients.client(connection)
            watch.heard_result = result = client.run(action, named, connection=connection)
        return result

    @hookimpl(trylast=True)
    def arun_action(self, action: Any, connection: Any, context: Any) -> "Unstarted[Result]":
        """The same for asyncio."""
        watch = _watch.get() or _unwatched()  # now: it may be awaited elsewhere

        async def run() -> "Result":
            with _overheard(watch, action, connection, context) as named:
                client = self._clients.aclient(connection)
                result = await client.run(action, named, connection=connection)
                watch.heard_result = result
            return result

        return Unstarted(run)


def _unwatched() -> Watch:
    """For who calls the hook without a host's `run`."""
    return Watch(None, lambda _plugin, _reason: None)


@contextmanager
def _overheard(watch: Watch, action: Any, connection: Any, context: Any) -> "Generator[RunContext]":
    """The run's context, with the key that it will use; what comes of it is kept aside."""
    named = _named(watch, action, connection, context)
    began = time.time()
    try:
        yield named
    except StripeError as error:
        _hear(watch, error, began)
        raise
    except (InvalidInputs, UsageError):
        raise
    except BaseException:  # ended from outside, as by a hook with a timeout of its own
        interrupted = ConnectionFailed(
            message="The run was interrupted.",
            code="no_answer",
            retryable=True,
            outcome_unknown=action.spec.method != "GET",
            action=action.spec.id,
            idempotency_key=named.idempotency_key,
        )
        _hear(watch, interrupted, began)
        raise


def _named(watch: Watch, action: Any, connection: Any, context: Any) -> "RunContext":
    """One key for the whole run: a wrapper may await it once more after it was lost."""
    import attrs

    from stripe_plugin.run.idempotency import idempotency_key

    if watch.named is not None:
        return watch.named
    key = idempotency_key(action.spec, connection, context)
    named: RunContext = context if key is None else attrs.evolve(context, idempotency_key=key)
    watch.named = named
    return named


def _hear(watch: Watch, error: StripeError, began: float) -> None:
    """Notes an error, and since when what is awaited once more may have been executed."""
    import attrs

    watch.heard_error = error
    named = watch.named
    if error.outcome_unknown and named is not None and named.idempotency_key is not None:
        watch.named = attrs.evolve(named, begun=named.begun or began)

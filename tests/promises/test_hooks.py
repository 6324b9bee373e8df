"""What plugins around a run see, deny, supply and observe."""

import asyncio
import gc
import json
import warnings
from collections.abc import Awaitable, Callable, Generator, Iterator
from copy import copy
from pathlib import Path
from typing import Any

import pytest
from terminal_support import Counted

import stripe_plugin
from stripe_emulator import Fault
from stripe_flow import Journal
from stripe_flow.flow import load
from stripe_flow.run import Run as FlowRun
from stripe_plugin import (
    Connection,
    HookFailed,
    Host,
    InvalidInputs,
    NodeError,
    Policy,
    Result,
    RunContext,
    StripeError,
    UsageError,
    hookimpl,
)

NAME = {"Name": "Plan"}
Run = Callable[..., Result]


def run_sync(host: Host, *given: Any, **options: Any) -> Result:
    """A run."""
    return host.run(*given, **options)


def run_async(host: Host, *given: Any, **options: Any) -> Result:
    """The same run by asyncio."""
    return asyncio.run(host.arun(*given, **options))


both = pytest.mark.parametrize("run", [run_sync, run_async])


pytestmark = pytest.mark.usefixtures("frozen_heap")


@pytest.fixture
def world() -> Iterator[Counted]:
    """An empty emulator that counts."""
    with Counted() as made:
        yield made


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """A coroutine that nobody awaited complains when it is collected: here, not later."""
    yield
    gc.collect()


def hosting(*plugins: Any) -> Host:
    """Everything installed, and these plugins."""
    host = Host.load()
    for number, plugin in enumerate(plugins):
        host.register(plugin, f"acme:plugin{number}")
    assert not host.problems
    return host


def audit(
    seen: list[str], label: str = "audit", *, tryfirst: bool = False, trylast: bool = False
) -> Any:
    """A plugin around every run, sync and async, that writes down what it sees."""

    class Audit:
        @hookimpl(wrapper=True, tryfirst=tryfirst, trylast=trylast)
        def run_action(self, action: Any, connection: Any) -> Generator[None, Result, Result]:
            seen.append(f"{label} before {action.spec.id} {connection.mode}")
            result = yield
            seen.append(f"{label} after {result.output['object']}")
            return result

        @hookimpl(wrapper=True, tryfirst=tryfirst, trylast=trylast)
        def arun_action(
            self, action: Any, connection: Any
        ) -> Generator[None, Awaitable[Result], Awaitable[Result]]:
            seen.append(f"{label} before {action.spec.id} {connection.mode}")
            inner = yield

            async def around() -> Result:
                result = await inner
                seen.append(f"{label} after {result.output['object']}")
                return result

            return around()

    return Audit()


@both
def test_a_wrapper_sees_before_and_after(run: Run, world: Counted) -> None:
    """A wrapper sees the judged action and the connection before, and the result after."""
    seen: list[str] = []
    result = run(hosting(audit(seen)), "create_product", NAME, connection=world.connection())
    assert seen == ["audit before create_product emulated", "audit after product"]
    assert result.output["name"] == "Plan"
    assert world.asked == ["POST /v1/products"]


@both
def test_wrappers_stand_in_their_order(run: Run, world: Counted) -> None:
    """A wrapper with tryfirst is outermost, trylast innermost, however registered."""
    seen: list[str] = []
    host = hosting(
        audit(seen, "inner", trylast=True),
        audit(seen, "outer", tryfirst=True),
        audit(seen, "middle"),
    )
    run(host, "create_product", NAME, connection=world.connection())
    assert [line.partition(" ")[0] for line in seen] == [
        *("outer", "middle", "inner"),
        *("inner", "middle", "outer"),
    ]


class Denied(Exception):
    """The approval was not given."""


class Approval:
    """Denies every run before it is sent."""

    approved = False

    @hookimpl(wrapper=True)
    def run_action(self) -> Generator[None, Result, Result]:
        """Denies."""
        if not self.approved:
            raise Denied
        return (yield)

    @hookimpl(wrapper=True)
    def arun_action(self) -> Generator[None, Awaitable[Result], Awaitable[Result]]:
        """Denies."""
        if not self.approved:
            raise Denied
        return (yield)


class LateApproval(Approval):
    """Denies an asyncio run only when it is awaited, as one that asks a server would."""

    @hookimpl(wrapper=True)
    def arun_action(self) -> Generator[None, Awaitable[Result], Awaitable[Result]]:
        """Drops the inner run, which has not begun."""
        yield

        async def around() -> Result:
            await asyncio.sleep(0)
            raise Denied

        return around()


@both
@pytest.mark.parametrize("approval", [Approval, LateApproval])
def test_a_denied_run_is_not_sent(run: Run, approval: type[Approval], world: Counted) -> None:
    """A wrapper that raises before the inner run denies it: nothing is sent, nothing left over."""
    host = hosting(approval())
    with pytest.raises(Denied):
        run(host, "create_product", NAME, connection=world.connection())
    assert world.asked == []


def test_a_denial_leaves_nothing_of_ours_behind(world: Counted) -> None:
    """An outer wrapper that denies late drops the inner ones; the run itself had not begun."""
    host = hosting(audit([]), LateApproval())
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(Denied):
            run_async(host, "create_product", NAME, connection=world.connection())
        gc.collect()
    # The audit's own coroutine was dropped: that is its author's to know, and its only trace.
    assert [str(one.message) for one in seen if "audit" not in str(one.message)] == []
    assert world.asked == []


class Patience:
    """Waits for an asyncio run for some seconds only."""

    @hookimpl(wrapper=True)
    def run_action(self) -> Generator[None, Result, Result]:
        """Waits."""
        return (yield)

    @hookimpl(wrapper=True)
    def arun_action(self) -> Generator[None, Awaitable[Result], Awaitable[Result]]:
        """Keeps no reference of its own to what it awaits."""
        held = [(yield)]

        async def around() -> Result:
            async with asyncio.timeout(10):
                return await held.pop()

        return around()


@both
def test_a_wrapper_may_hand_the_run_on(run: Run, world: Counted) -> None:
    """An inner run completes although nobody but the event loop holds it."""
    done = run(hosting(Patience()), "create_product", NAME, connection=world.connection())
    assert done.output["name"] == "Plan"


@both
def test_an_outer_wrapper_sees_the_denial(run: Run, world: Counted) -> None:
    """A denial inside another wrapper passes through it as the run's error."""
    seen: list[str] = []
    host = hosting(Approval(), audit(seen, "outer", tryfirst=True))
    with pytest.raises(Denied):
        run(host, "create_product", NAME, connection=world.connection())
    assert seen == ["outer before create_product emulated"]
    assert world.asked == []


class Closed:
    """Says no in the words that a form can show."""

    @hookimpl(wrapper=True)
    def run_action(self) -> Generator[None, Result, Result]:
        """Denies."""
        yield from ()
        raise stripe_plugin.Denied("Nothing is sold on Sundays (sk_live_abcdefgh1234).")


@both
def test_a_denial_has_words_for_a_form(run: Run, world: Counted) -> None:
    """A hook that raises `Denied` says no as data: a category, a sentence, an HTTP status."""
    with pytest.raises(stripe_plugin.Denied) as caught:
        run(hosting(Closed()), "create_product", NAME, connection=world.connection())
    assert caught.value.as_dict() == {
        "category": "denied",
        "text": "Nothing is sold on Sundays (sk_live_…).",
        "message": "Nothing is sold on Sundays (sk_live_…).",
        "http_status": 403,
        "retryable": False,
        "outcome_unknown": False,
    }
    assert world.asked == []


class Translating:
    """Has words of its own for what Stripe refused."""

    @hookimpl(wrapper=True)
    def run_action(self) -> Generator[None, Result, Result]:
        """Turns the refusal into another error."""
        try:
            return (yield)
        except StripeError as error:
            raise Denied(error.code) from error


def test_a_wrapper_may_translate_an_error(world: Counted) -> None:
    """What Stripe refuses reaches the wrapper at its yield, where it can be replaced."""
    with pytest.raises(Denied, match="resource_missing"):
        hosting(Translating()).run(
            "retrieve_product", {"Product ID": "prod_nope"}, connection=world.connection()
        )


class OnlySync:
    """Knows nothing of asyncio."""

    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    @hookimpl(wrapper=True)
    def run_action(self, action: Any) -> Generator[None, Result, Result]:
        """Sees the run."""
        self.seen.append(action.spec.id)
        return (yield)


@both
def test_a_plugin_without_asyncio_sees_every_run(run: Run, world: Counted) -> None:
    """Where one plugin has only run_action, an asyncio run goes through it and all others, once."""
    seen: list[str] = []
    host = hosting(OnlySync(seen), audit(seen, tryfirst=True))
    result = run(host, "create_product", NAME, connection=world.connection())
    assert result.output["name"] == "Plan"
    assert seen == [
        "audit before create_product emulated", "create_product", "audit after product"
    ]  # fmt: skip
    assert world.asked == ["POST /v1/products"]


class Vault:
    """Has a connection for one action."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.asked: list[tuple[str, str | None]] = []

    @hookimpl
    def get_connection(self, action_id: str, context: RunContext) -> Connection | None:
        """For create_product only."""
        self.asked.append((action_id, context.account))
        return self.connection if action_id == "create_product" else None


@both
def test_a_vault_supplies_the_connection(
    run: Run, world: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run without a connection asks the plugins; if none has one, the environment."""
    monkeypatch.setenv("STRIPE_API_KEY", "emulator")
    monkeypatch.delenv("STRIPE_NODES_EMULATOR", raising=False)
    vault = Vault(world.connection())
    host = hosting(vault)
    run(host, "create_product", NAME, context=RunContext(account="acct_123"))
    assert world.asked == ["POST /v1/products"]
    assert run(host, "create_customer", {"Email": "a@example.com"}).mode == "emulated"
    assert world.asked == ["POST /v1/products"]
    assert vault.asked == [("create_product", "acct_123"), ("create_customer", None)]
    monkeypatch.delenv("STRIPE_API_KEY")
    with pytest.raises(UsageError, match="no API key"):
        run(host, "create_customer", {"Email": "a@example.com"})


@both
def test_a_given_connection_comes_first(run: Run, world: Counted) -> None:
    """A connection that the run names is used without asking the plugins."""
    with Counted() as other:
        vault = Vault(other.connection())
        run(hosting(vault), "create_product", NAME, connection=world.connection())
        assert (len(world.asked), other.asked, vault.asked) == (1, [], [])


class Answering:
    """Answers in Stripe's place, if it has an answer."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    @hookimpl
    def run_action(self) -> Any:
        """Whatever it was given."""
        return self.answer

    @hookimpl
    def arun_action(self) -> Any:
        """The same, awaitable; None leaves the run to the next."""
        if self.answer is None:
            return None

        async def answering() -> Any:
            return self.answer

        return answering()


@both
def test_a_plugin_may_answer_itself(run: Run, world: Counted) -> None:
    """A plugin's own result stands for Stripe's, and nothing is sent."""
    cached = Result({"id": "prod_cached"}, None, 0, replayed=True, livemode=False, mode="test")
    host = hosting(Answering(cached))
    assert run(host, "create_product", NAME, connection=world.connection()) == cached
    assert world.asked == []


@both
def test_a_plugin_may_leave_the_run_to_the_next(run: Run, world: Counted) -> None:
    """A plugin that answers None has not answered: the action is sent."""
    run(hosting(Answering(None)), "create_product", NAME, connection=world.connection())
    assert world.asked == ["POST /v1/products"]


@both
@pytest.mark.parametrize("answer", ["done", {"id": "prod_1"}, 0])
def test_a_wrong_answer_is_a_usage_error(run: Run, answer: Any, world: Counted) -> None:
    """A plugin that answers with something else is told so by the type that it gave."""
    host = hosting(Answering(answer))
    with pytest.raises(UsageError, match=f"{type(answer).__name__} instead of a Result"):
        run(host, "create_product", NAME, connection=world.connection())


class NotAwaitable:
    """Forgets that an asyncio run is awaited."""

    @hookimpl
    def run_action(self) -> None:
        """Leaves it."""

    @hookimpl
    def arun_action(self) -> str:
        """Wrong."""
        return "done"


def test_an_answer_that_cannot_be_awaited_is_a_usage_error(world: Counted) -> None:
    """An arun_action hook that gives no awaitable is told so, not a bare TypeError."""
    with pytest.raises(UsageError, match="arun_action"):
        run_async(hosting(NotAwaitable()), "create_product", NAME, connection=world.connection())


class Observer:
    """Is told what came of every run."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str | None, Any, Any]] = []

    @hookimpl
    def after_run(self, action_id: str, context: RunContext, result: Any, error: Any) -> None:
        """Writes it down."""
        self.told.append((action_id, context.run_id, result, error))


OUTCOMES: list[tuple[str, dict[str, Any], type[Exception]]] = [
    ("retrieve_product", {"Product ID": "prod_nope"}, StripeError),
    ("create_product", {"Nmae": "Plan"}, InvalidInputs),
    ("create_prodcut", NAME, UsageError),
]


@both
def test_an_observer_is_told_the_result(run: Run, world: Counted) -> None:
    """After a run, observers have its action, context and result, and no error."""
    observer = Observer()
    context = RunContext(run_id="r1")
    host = hosting(observer)
    result = run(host, "create_product", NAME, connection=world.connection(), context=context)
    assert observer.told == [("create_product", "r1", result, None)]


@both
@pytest.mark.parametrize(("action", "inputs", "kind"), OUTCOMES)
def test_an_observer_is_told_the_error(
    run: Run, action: str, inputs: dict[str, Any], kind: type[Exception], world: Counted
) -> None:
    """After a failure, observers have the very error, whether or not anything was sent."""
    observer = Observer()
    with pytest.raises(kind) as caught:
        run(hosting(observer), action, inputs, connection=world.connection())
    assert observer.told == [(action, None, None, caught.value)]


@both
def test_an_observer_is_told_of_a_denial(run: Run, world: Counted) -> None:
    """What a wrapper raised reaches the observers as the run's error."""
    observer = Observer()
    with pytest.raises(Denied) as caught:
        run(hosting(Approval(), observer), "create_product", NAME, connection=world.connection())
    assert observer.told == [("create_product", None, None, caught.value)]


class Clumsy:
    """Fails at observing."""

    @hookimpl
    def after_run(self, error: Exception | None) -> None:
        """Always."""
        raise RuntimeError("the log is full; sk_live_abcdefgh1234")


@both
def test_a_failing_observer_changes_nothing(run: Run, world: Counted) -> None:
    """An observer that raises is one problem; the run and other observers do not notice."""
    before, after = Observer(), Observer()
    host = hosting(before, Clumsy(), after)
    for _ in range(3):
        assert run(host, "create_product", NAME, connection=world.connection()).output["id"]
    with pytest.raises(InvalidInputs):
        run(host, "create_product", {}, connection=world.connection())
    assert len(before.told) == len(after.told) == 4
    assert [tuple(problem) for problem in host.problems] == [
        ("plugin1", "acme", "RuntimeError: the log is full; sk_live_…")
    ]


@both
def test_a_cancelled_run_is_told_to_observers(run: Run, world: Counted) -> None:
    """A run that is interrupted from outside may have been executed: observers have its error."""
    observer = Observer()

    class Interrupting:
        @hookimpl
        def run_action(self) -> None:
            raise KeyboardInterrupt

    host = hosting(observer, Interrupting())
    with pytest.raises(KeyboardInterrupt):
        run(host, "create_product", NAME, connection=world.connection())
    [(_, _, result, error)] = observer.told
    assert result is None
    assert isinstance(error, KeyboardInterrupt)


def test_a_broken_plugin_is_refused_by_hand_too() -> None:
    """`register` refuses what discovery reports, and keeps none of it."""
    host = Host.load()

    class Unknown:
        @hookimpl
        def run_actions(self) -> None:
            """There is no such hook."""

    with pytest.raises(Exception, match="run_actions"):
        host.register(Unknown(), "acme:unknown")
    with Counted() as world:
        assert host.run("create_product", NAME, connection=world.connection())


# --- when hooks fail ------------------------------------------------------------------------------


class Late:
    """Does something after the run: fails, or answers with something else."""

    def __init__(self, does: Callable[[Any], Any]) -> None:
        self.does = does

    @hookimpl(wrapper=True)
    def run_action(self) -> Generator[None, Result, Any]:
        """After the run."""
        return self.does((yield))

    @hookimpl(wrapper=True)
    def arun_action(self) -> Generator[None, Awaitable[Result], Awaitable[Any]]:
        """After the run."""
        inner = yield

        async def around() -> Any:
            return self.does(await inner)

        return around()


class OnlySyncLate(Late):
    """The same, without asyncio."""

    arun_action = None  # type: ignore[assignment]


def full(_: Any) -> None:
    """The disk of the audit is full."""
    raise OSError("no space left; sk_live_abcdefgh1234")


LATE = [
    pytest.param(Late(full), "OSError", id="fails"),
    pytest.param(OnlySyncLate(full), "OSError", id="fails in a thread"),
    pytest.param(Late(lambda _: "done"), "UsageError", id="answers with something else"),
    pytest.param(Late(lambda _: None), "UsageError", id="answers with nothing"),
]


@both
@pytest.mark.parametrize(("late", "cause"), LATE)
def test_a_hook_that_fails_after_the_run_hides_nothing(
    run: Run, late: Any, cause: str, world: Counted
) -> None:
    """What Stripe did is in the error and told to observers; the hook's own error is its cause."""
    observer = Observer()
    host = hosting(late, observer)
    with pytest.raises(HookFailed) as caught:
        run(host, "create_product", NAME, connection=world.connection())
    error = caught.value
    assert error.result is not None
    assert error.result.output["name"] == "Plan"
    assert error.result.output["id"] in str(error)
    assert type(error.__cause__).__name__ == cause in str(error)
    assert "abcdefgh1234" not in str(error)
    told = json.loads(json.dumps(error.as_dict()))
    assert (told["category"], told["outcome_unknown"], told["retryable"]) == ("hook", False, False)
    assert told["result"]["output"]["id"] == error.result.output["id"]
    assert observer.told == [("create_product", None, error.result, error)]
    assert world.asked == ["POST /v1/products"]


class Hiding:
    """Has words of its own for whatever goes wrong."""

    @hookimpl(wrapper=True)
    def run_action(self) -> Generator[None, Result, Result]:
        """Turns it into another error."""
        try:
            return (yield)
        except StripeError:
            raise Denied from None

    @hookimpl(wrapper=True)
    def arun_action(self) -> Generator[None, Awaitable[Result], Awaitable[Result]]:
        """Turns it into another error."""
        inner = yield

        async def around() -> Result:
            try:
                return await inner
            except StripeError:
                raise Denied from None

        return around()


@both
def test_a_hook_cannot_hide_an_unknown_outcome(run: Run, world: Counted) -> None:
    """Where a hook replaces the error of a run that may have worked, that stays to be seen."""
    world.faults.add(Fault("cut_after", times=None))
    host = Host.load(policy=Policy(retries=0))
    host.register(Hiding(), "acme:hiding")
    with pytest.raises(HookFailed) as caught:
        run(host, "create_product", NAME, connection=world.connection())
    error = caught.value
    assert (error.result, isinstance(error.__cause__, Denied)) == (None, True)
    assert error.error is not None
    assert error.error.outcome_unknown
    assert "may have been executed" in str(error)
    assert error.as_dict()["outcome_unknown"] is True
    assert world.executed("POST /v1/products") == 1


class Insisting:
    """Awaits an asyncio run once more when it was lost, or took too long."""

    @hookimpl
    def run_action(self) -> None:
        """Leaves runs without asyncio to the next: those cannot be run once more."""

    @hookimpl(wrapper=True)
    def arun_action(self) -> Generator[None, Awaitable[Result], Awaitable[Result]]:
        """Insists."""
        inner = yield

        async def around() -> Result:
            try:
                async with asyncio.timeout(1):
                    return await inner
            except (StripeError, TimeoutError):
                return await inner

        return around()


@pytest.mark.parametrize(
    ("fault", "retries"), [(Fault("cut_after"), 0), (Fault("delay", seconds=1.5), 3)]
)
def test_what_a_wrapper_awaits_once_more_happens_once(
    fault: Fault, retries: int, world: Counted
) -> None:
    """The second time it has the key of the first, which may have been executed."""
    world.faults.add(fault)
    host = Host.load(policy=Policy(retries=retries))
    host.register(Insisting(), "acme:insisting")
    done = run_async(host, "create_product", NAME, connection=world.connection())
    assert (done.output["name"], done.replayed) == ("Plan", True)
    assert world.executed("POST /v1/products") == 1


def test_what_was_lost_stays_unknown_when_it_is_awaited_once_more(world: Counted) -> None:
    """That nothing was executed the second time says nothing of the first."""
    world.faults.add(Fault("cut_after"))
    world.faults.add(Fault("rate_limit", times=None))
    host = Host.load(policy=Policy(retries=0))
    host.register(Insisting(), "acme:insisting")
    with pytest.raises(StripeError) as caught:
        run_async(host, "create_product", NAME, connection=world.connection())
    assert caught.value.status == 429
    assert caught.value.outcome_unknown


@both
def test_a_hook_may_replace_a_known_failure(run: Run, world: Counted) -> None:
    """Of a refusal that did nothing, a hook may make what it likes."""
    with pytest.raises(Denied):
        run(hosting(Hiding()), "retrieve_product", {"Product ID": "prod_nope"},
            connection=world.connection())  # fmt: skip


@both
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_an_interruption_stays_one(run: Run, kind: type[BaseException], world: Counted) -> None:
    """What ends a process or task passes as it is; observers have the result beside it."""

    def interrupt(_: Any) -> None:
        raise kind

    observer = Observer()
    with pytest.raises(kind):
        run(hosting(Late(interrupt), observer), "create_product", NAME,
            connection=world.connection())  # fmt: skip
    [(_, _, result, error)] = observer.told
    assert result.output["name"] == "Plan"
    assert isinstance(error, kind)


class Nosy:
    """Runs an action of its own before it denies one."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.host = connection, Host.load()

    @hookimpl(wrapper=True)
    def run_action(self) -> Generator[None, Result, Result]:
        """Looks something up; then denies."""
        self.host.run("list_products", {}, connection=self.connection)
        if self.host:
            raise Denied
        return (yield)


@both
def test_a_hooks_own_run_is_not_the_outcome(run: Run, world: Counted) -> None:
    """A hook that runs another action before it denies has denied: nothing else is told."""
    host = hosting(Nosy(world.connection()))
    with pytest.raises(Denied):
        run(host, "create_product", NAME, connection=world.connection())
    assert world.asked == ["GET /v1/products"]


class Meddling:
    """Changes what it is shown."""

    @hookimpl
    def after_run(self, result: Result | None) -> None:
        """Empties the output."""
        if result:
            result.output.clear()


@both
def test_an_observer_cannot_change_the_outcome(run: Run, world: Counted) -> None:
    """Each observer has a copy: what it does to it reaches neither the caller nor the others."""
    observer = Observer()
    host = hosting(Meddling(), observer, Meddling())
    result = run(host, "create_product", NAME, connection=world.connection())
    assert result.output["name"] == "Plan"
    assert observer.told[0][2] == result


class Erasing:
    """Changes an error that it is shown, as far as it goes."""

    @hookimpl
    def after_run(self, error: BaseException | None) -> None:
        """Empties it."""
        assert error is not None
        if isinstance(error, InvalidInputs):
            error.problems_at.clear()
        if isinstance(error, HookFailed):
            for part in (error.result and error.result.output, error.error and vars(error.error)):
                if part:
                    part.clear()
        error.args = ()
        vars(error).clear()


class Noting:
    """Notes what an error says."""

    def __init__(self) -> None:
        self.noted: list[dict[str, Any]] = []

    @hookimpl
    def after_run(self, error: NodeError | None) -> None:
        """Notes it."""
        assert error is not None
        self.noted.append(error.as_dict())


@both
@pytest.mark.parametrize(
    ("plugins", "inputs"),
    [([], {"Nmae": "Plan"}), ([Late(full)], NAME), ([Answering("nothing")], NAME)],
    ids=["invalid inputs", "a hook that fails", "a wrong answer"],
)
def test_an_observer_cannot_change_the_error(
    run: Run, plugins: list[Any], inputs: dict[str, Any], world: Counted
) -> None:
    """What an observer does to an error, and to what is in it, reaches nobody else."""
    before, after = Noting(), Noting()
    host = hosting(*plugins, before, Erasing(), after)
    with pytest.raises(NodeError) as caught:
        run(host, "create_product", inputs, connection=world.connection())
    assert before.noted == after.noted == [caught.value.as_dict()]
    assert copy(caught.value).as_dict() == caught.value.as_dict()


def test_an_observer_is_no_wrapper() -> None:
    """An after_run that would wrap would never run: it is refused when it is registered."""

    class Wrapping:
        @hookimpl(wrapper=True)
        def after_run(self) -> Generator[None, None, None]:
            yield

    with pytest.raises(UsageError, match="after_run"):
        Host.load().register(Wrapping(), "acme:wrapping")


def test_a_flow_keeps_what_was_done_before_a_hook_failed(world: Counted, tmp_path: Path) -> None:
    """The step is finished: the flow stops there, and goes on behind it, sending it no more."""
    text = "steps: [{id: plan, action: create_product, inputs: {Name: Plan}}]"
    late = Late(full)
    host = hosting(late)
    steps = load("flow.yaml", text, host)
    once = FlowRun(host, world.connection(), "r1", Journal(tmp_path / "runs.db"))
    with pytest.raises(HookFailed, match="Do not run it anew") as caught:
        list(once.flow(steps))
    late.does = lambda result: result
    [outcome] = once.flow(steps)
    assert caught.value.result is not None
    assert outcome.result is not None
    assert outcome.result.output == caught.value.result.output
    assert world.asked == ["POST /v1/products"]

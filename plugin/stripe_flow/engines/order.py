"""What does an engine store of a run, so that any worker of the account can go on with it?"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Self

import attrs

from stripe_flow.flow import Flow
from stripe_flow.flowing import Outcome
from stripe_flow.items import Item
from stripe_plugin.client.connection import Connection
from stripe_plugin.errors import NodeError, UsageError
from stripe_plugin.judge.values import NOTHING
from stripe_plugin.run.context import RunContext
from stripe_plugin.run.result import Result
from stripe_plugin.secrets import masked, said

WOULD_BE_STORED = (
    "The flow's {what} would be stored by the engine and hold a key or a secret: have a step name"
    " it as ${{{{ env.NAME }}}}, and set NAME where workers run"
)
OTHER_ACCOUNT = (
    "This worker's key is of another account or mode than the run {run_id} was begun with: start it"
    " with the same STRIPE_API_KEY, STRIPE_ACCOUNT and STRIPE_API_BASE"
)
UNNAMED = "On an engine a run ID is printable, and has at most {most} characters"
MOST_CHARACTERS = 400  # which databases take for a name

Stored = dict[str, Any]  # JSON data
Told = Mapping[str, Any]  # {"result": …}, {"error": …} or {"later": why}, as JSON data


def identity(connection: Connection) -> str:
    """What tells an account, mode and key from others, and gives none of them away."""
    emulator = connection.in_process
    place = emulator.file if emulator else connection.base_url
    name = [connection.mode, place, connection.account, connection.key_digest]
    digest = hashlib.sha256(json.dumps(name).encode())
    return digest.hexdigest()[:12]


@attrs.frozen
class Order:
    """A run of a flow: its file, what it was given, and whose run it is."""

    run_id: str
    name: str  # of the file
    text: str
    inputs: Mapping[str, Any]
    owner: str  # an `identity`

    @classmethod
    def of(cls, flow: Flow, run_id: str, connection: Connection) -> Self:
        """The order of a flow that was judged. `UsageError` if it would store a secret."""
        RunContext(run_id=run_id)  # refuses what is no name, or a secret
        if len(run_id) > MOST_CHARACTERS or not run_id.isprintable():
            raise UsageError(UNNAMED.format(most=MOST_CHARACTERS))
        given = _given(flow)
        _check_secrets("file", flow.text)
        _check_secrets("inputs", json.dumps(given, ensure_ascii=False))
        owner = identity(connection)
        return cls(run_id, flow.name, flow.text, given, owner)

    def as_dict(self) -> Stored:
        """As JSON data."""
        return attrs.asdict(self)


def check_owner(owner: str, connection: Connection, run_id: str) -> None:
    """Refuses to run on somebody else's account."""
    if identity(connection) != owner:
        raise UsageError(OTHER_ACCOUNT.format(run_id=run_id))


def _given(flow: Flow) -> Stored:
    """What the flow was given: its inputs but for the defaults."""
    given: Stored = {}
    for parameter in flow.parameters:
        value = flow.inputs[parameter.name]
        if value != parameter.default:
            given[parameter.name] = value
    return given


def _check_secrets(what: str, text: str) -> None:
    if masked(text) != text:
        raise UsageError(WOULD_BE_STORED.format(what=what))


@attrs.frozen
class Place:
    """Which step of which run, and which of its items. What is long is kept by the run, once."""

    run_id: str
    owner: str  # an `identity`
    order: str  # the name under which the run keeps its `Order`
    known: str  # the same of what the step stands on
    step: str
    name: str  # for people: `pay 3/20 cus_123`
    index: int | None = None  # of its item, among those that are kept there
    of: int = 1  # so many items

    def as_dict(self) -> Stored:
        """As JSON data."""
        return attrs.asdict(self)


class Stopped(Exception):
    """A flow that an error stopped, as an engine stores it: `data` is JSON without secrets."""

    def __init__(self, error: Exception) -> None:
        super().__init__(said(error))
        notes: list[str] = getattr(error, "__notes__", [])
        facts = error.as_dict() if isinstance(error, NodeError) else None
        self.data = {"error": facts, "notes": notes}

    @classmethod
    def told(cls, text: str, data: Any) -> Exception:
        """The error that stopped it, with its notes."""
        about: Told = data or NOTHING
        facts = about.get("error")
        error = NodeError.from_dict(facts) if facts else UsageError(text)
        for note in about.get("notes", ()):
            error.add_note(note)
        return error


def told_of(outcome: Outcome) -> Stored:
    """An outcome as JSON data, without secrets."""
    told: Stored = {"step": outcome.step.id, "of": outcome.of}
    if outcome.item is not None:
        told["item"] = outcome.item.as_dict()
    if outcome.result is not None:
        told["result"] = outcome.result.as_dict()
    if isinstance(outcome.error, NodeError):
        told["error"] = outcome.error.as_dict()
    return told


def outcome_of(flow: Flow, told: Told) -> Outcome:
    """The outcome that `told_of` told; of its item no more than its place and label."""
    steps = {step.id: step for step in flow.steps}
    step = steps[told["step"]]
    item = _item(told["item"]) if "item" in told else None
    outcome = Outcome(step, item, told.get("of", 1))  # earlier versions told it only of items
    if "result" in told:
        result = Result.from_dict(told["result"])
        return attrs.evolve(outcome, result=result)
    if "error" in told:
        error = NodeError.from_dict(told["error"])
        return attrs.evolve(outcome, error=error)
    return outcome


def _item(about: Told) -> Item:
    value = about["label"] or None
    return Item(value, about["index"], identity="")

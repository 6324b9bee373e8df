"""What may a run be told beside its inputs? One table, for forms, terminals, flows and Python."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Self

import attrs

from stripe_plugin import rule
from stripe_plugin.declare.inputs import EACH, RowsJudgement
from stripe_plugin.declare.row import Table, optional, rows_of
from stripe_plugin.errors import InvalidInputs, Problem, Refused
from stripe_plugin.judge.values import NOTHING, is_empty, is_object
from stripe_plugin.secrets import masked, shown

OPTIONS = "Options"  # what a form calls the part that holds them
ACCOUNT = r"acct_[A-Za-z0-9_]{1,250}"
LEAST, MOST = 0.001, 1_000_000  # seconds of a deadline
# Whose run it is, and which. Nothing would quietly mean another; only a form leaves a box alone.
NAMING = {
    "account": "the ID of a connected account, such as acct_123",
    "idempotency_key": "a text of your own for this one deed, such as order-123-payment",
}
Given = Mapping[str, Any]
Values = dict[str, Any]


@attrs.frozen
class Seconds(rule.Rule):
    """A duration that somebody can wait for."""

    name: ClassVar[str] = "seconds"

    @property
    def must(self) -> str:
        """What follows on "must"."""
        return f"be seconds, from {LEAST} to {MOST:,}"

    @property
    def schema(self) -> Mapping[str, Any]:
        """The bounds."""
        return {"minimum": LEAST, "maximum": MOST}

    def holds(self, value: Any) -> bool:
        """Whether it is within them."""
        return bool(LEAST <= value <= MOST)

    def refused(self, value: Any) -> Refused:
        """The refusal of a number of seconds."""
        return super().refused(float(value))


@attrs.frozen
class NoSecret(rule.Rule):
    """What is logged and sent holds neither a key nor a client secret."""

    name: ClassVar[str] = "no_secret"

    @property
    def must(self) -> str:
        """What follows on "must"."""
        return "hold no key or secret, as it is logged"

    @property
    def text(self) -> str:
        """The rule as a form's description has it."""
        return "No key or secret: it is logged"

    def holds(self, value: Any) -> bool:
        """Whether nothing of it would be cut."""
        return bool(masked(value) == value)


_ACCOUNT = rule.matches(ACCOUNT, "be the ID of an account (acct_…)")
_KEY = rule.matches(r"[\x21-\x7e]{1,255}", "be 1–255 ASCII characters without spaces")


@attrs.frozen(kw_only=True)
class Options:
    """What is asked of one run beside the inputs of its action. Made by `read`."""

    table: ClassVar[Table]

    extra: dict[str, Any] | None = optional(
        "Extra",
        {"statement_descriptor_suffix": "ORDER 123"},
        "Stripe's parameters that have no row, by the names that Stripe gives them",
    )
    expand: list[str] | None = optional(
        "Expand", ["customer"], "Linked objects that the answer gives in full, as paths", EACH
    )
    account: str | None = optional(
        "Account", "acct_123", "The connected account to act on, if not the connection's", _ACCOUNT
    )
    idempotency_key: str | None = optional(
        "Idempotency Key",
        "order-123-payment",
        "By what Stripe knows it again: repeated within a day, it is executed only once",
        _KEY,
        NoSecret(),
    )
    deadline: Decimal | None = optional(
        "Deadline",
        30,
        "Seconds for the whole run: its turn, a connection, all attempts and the delays between",
        Seconds(),
    )

    @classmethod
    def read(cls, options: Given) -> Self:
        """The options by display key or name. `InvalidInputs` has every problem."""
        judgement = _Judgement(options)
        judgement.refuse_unknown()
        if judgement.problems:
            raise InvalidInputs(judgement.problems)
        return cls(**judgement.values)

    @classmethod
    def judge(cls, options: Given) -> tuple[Values, list[Problem]]:
        """The clean values by name, and what is wrong with the others.

        A problem's key is `Options › Account`, its path `("options", "account")`. Takes UNKNOWN
        for a value that is known only later, which no run can have.
        """
        judgement = _Judgement(options)
        return judgement.values, judgement.problems

    @property
    def sent(self) -> Values:
        """What goes on the wire, and so belongs to the judged action."""
        return {"extra": self.extra or NOTHING, "expand": self.expand or ()}

    @property
    def run(self) -> Values:
        """What names the run, and its patience, as `RunContext` has it."""
        seconds = None if self.deadline is None else float(self.deadline)
        return {
            "account": self.account,
            "idempotency_key": self.idempotency_key,
            "deadline": seconds,
        }


Options.table = Table(
    name=OPTIONS,
    description="What may be said of a run beside the inputs of its action.",
    rows=rows_of(Options),
)


def check_naming(options: Any) -> None:
    """Raises `InvalidInputs` for an account or a key that is there, but says nothing; null may."""
    if problems := [*nameless(options)]:
        raise InvalidInputs(problems)


def nameless(options: Any) -> Iterator[Problem]:
    """What `check_naming` refuses."""
    given: Given = options if is_object(options) else NOTHING
    for name, such in NAMING.items():
        key = Options.table.words[name].key
        said = [given[word] for word in (name, key) if given.get(word) is not None]
        if any(map(is_empty, said)):
            label = f"{OPTIONS} › {key}"
            text = f"{label} is empty: give {such}, or leave it out."
            yield Problem(("options", name), label, "blank", text)


class _Judgement(RowsJudgement):
    """The one judgement of options; it tells everything as of that part of a form."""

    def __init__(self, options: Any) -> None:
        super().__init__(Options.table)
        if is_object(options):
            given = self._given(options)
            self._judge_rows(given, {})
        else:
            text = f"{OPTIONS} must be an object of display keys; got {shown(options)}."
            self.problems.append(Problem(("options",), OPTIONS, "type", text))

    def _tell(self, key: str, rule: str, text: str, *path: str | int) -> None:
        if rule == "clear":
            text = f"{key} is nothing that could be unset at Stripe: leave it empty."
        super()._tell(f"{OPTIONS} › {key}", rule, f"{OPTIONS} › {text}", "options", *path)

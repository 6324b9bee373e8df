"""Is the example of a field one that the field itself takes?"""

from collections.abc import Iterable, Iterator

from stripe_plugin.errors import Refused
from stripe_plugin.judge.rules import Each, Rule
from stripe_plugin.judge.table import Field
from stripe_plugin.judge.values import UNKNOWN, Label
from stripe_plugin.secrets import said


def refused_examples(fields: Iterable[Field]) -> Iterator[str]:
    """What is wrong with each example that its field refuses, the fields inside of it, too.

    A field is judged alone: what stands beside it is as a value that is known only later.
    """
    for field in fields:
        for wrong in _wrong(field):
            yield f"{field.key}: {wrong}"
        for wrong in refused_examples(field.nested.values()):
            yield f"{field.key} › {wrong}"


def _wrong(field: Field) -> Iterator[str]:
    if field.example is None or not _lasts(field.restrictions):
        return
    beside: dict[Label, object] = {}
    for rule in field.restrictions:
        beside |= dict.fromkeys(rule.neighbours, UNKNOWN)
    try:
        field.judge(field.example, beside)
    except Refused as error:
        for fault in error.faults:
            # A key without a field may be one that Stripe's document knows.
            if fault.rule != "not_a_key":
                yield f"its example is refused by its own row: it{fault.words} {fault.text}"
    except Exception as error:  # noqa: BLE001 - a rule that is for values of another type
        yield f"its rules cannot judge its example: {said(error)}"


def _lasts(rules: Iterable[Rule]) -> bool:
    """Whether all rules, and those inside, take for ever what they take today."""
    for rule in rules:
        inner = [*rule.rules] if isinstance(rule, Each) else []
        for field in rule.nested.values():
            inner += field.restrictions
        if not rule.lasting or not _lasts(inner):
            return False
    return True

"""What is an object called, where a person chooses one? By a template, which is data.

`{unit_amount|money}{recurring|every} · {nickname}` has parts with a middle dot between them, and in
each the values of paths, some in a form of their own. A part without any value is left out.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from stripe_plugin.declare.currencies import written
from stripe_plugin.errors import UsageError
from stripe_plugin.judge.places import found_at
from stripe_plugin.judge.values import is_object

BETWEEN = " · "
VALUE = re.compile(r"{([a-z0-9_.]+)(?:\|([a-z]+))?}")
Found = Mapping[str, Any]


def label_of(found: Found, template: str) -> str:
    """What this object is called; "" if it has none of the values."""
    parts = [_part(found, part) for part in template.split(BETWEEN)]
    return BETWEEN.join(part for part in parts if part)


def check_template(template: str) -> None:
    """Raises `UsageError` for a form that there is not, or for a template without a path."""
    for _, form in VALUE.findall(template):
        if form and form not in FORMS:
            raise UsageError(f"a label has no form {form!r}, only {', '.join(FORMS)}")
    if "{" in VALUE.sub("", template) or not VALUE.search(template):
        raise UsageError(f"a label has paths in braces, as in {{name}}; got {template!r}")


def _part(found: Found, part: str) -> str:
    values = [_formed(found, path, form) for path, form in VALUE.findall(part)]
    if not any(values):
        return ""
    each = iter(values)
    return VALUE.sub(lambda _: next(each), part).strip()


def _formed(found: Found, path: str, form: str) -> str:
    value = found_at(found, path)
    if value is None or value == "":
        return ""
    return FORMS[form](value, _holder(found, path)) if form else str(value)


def _holder(found: Found, path: str) -> Found:
    """The object that has the value at a path."""
    above, _, _ = path.rpartition(".")
    holder = found_at(found, above)
    return holder if is_object(holder) else {}


# --- forms ----------------------------------------------------------------------------------------


def _money(value: Any, holder: Found) -> str:
    """An amount in the currency beside it: `15.00 USD`."""
    currency = holder.get("currency")
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return ""
    return written(amount, currency) if isinstance(currency, str) else ""


def _every(value: Any, _: Found) -> str:
    """How often: ` / month`, ` / 3 months`."""
    if not is_object(value):
        return ""
    interval, count = value.get("interval"), value.get("interval_count") or 1
    return f" / {interval}" if count == 1 else f" / {count} {interval}s"


def _title(value: Any, _: Found) -> str:
    """A word of Stripe's for a person: `Visa`, `Us bank account`."""
    return str(value).replace("_", " ").capitalize()


def _two(value: Any, _: Found) -> str:
    """Two digits, of a month or a year: `07`, `27`."""
    return f"{value:02}"[-2:] if isinstance(value, int) else ""


def _percent(value: Any, _: Found) -> str:
    return f"{value:g} %" if isinstance(value, int | float) else ""


FORMS: Mapping[str, Callable[[Any, Found], str]] = {
    "money": _money,
    "every": _every,
    "title": _title,
    "two": _two,
    "percent": _percent,
}

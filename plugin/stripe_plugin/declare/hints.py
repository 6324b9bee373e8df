"""Where does a name belong that is no input of an action?"""

from stripe_plugin.declare.spec import Spec

EXTRA = "Options › Extra"  # what a form calls it
# The options of a run, which are no inputs, by what they may be called.
OPTIONS = {
    "extra": "Extra",
    "expand": "Expand",
    "account": "Account",
    "stripe_account": "Account",
    "idempotency_key": "Idempotency Key",
    "deadline": "Deadline",
}
MOST = 3  # places that a hint names


def hint(spec: Spec, word: str) -> str:
    """What follows on "is not an input", if the word is known; "" if it is not."""
    name = word.casefold().replace(" ", "_")
    known = spec.documented.operation
    if name in spec.words:
        return f" (did you mean {spec.words[name].key}?)"
    if name in spec.sends:
        return "; it is always sent"
    if known and name in known.parameters and name not in OPTIONS:
        return f"; Stripe takes it: it goes under {EXTRA}"
    if name in OPTIONS:
        return f"; it goes under Options › {OPTIONS[name]}"
    return _nested(spec, name)


def _nested(spec: Spec, name: str) -> str:
    """The places of a key that stands further inside; first those in a row, then the outermost."""
    known = spec.documented.operation
    found = [*known.find(name)] if known else []
    in_rows = [steps for steps in found if spec.within(steps)]
    if in_rows:
        outermost = len(in_rows[0])
        places = [f"{spec.within(steps)}" for steps in in_rows if len(steps) == outermost]
        return f"; it is {' or '.join(places[:MOST])}"
    if found:
        return f"; it is {' › '.join(found[0])}, which goes under {EXTRA}"
    return ""

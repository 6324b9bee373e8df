"""Where does a name belong that is no input of an action?"""

from typing import Any

from stripe_plugin.declare.spec import Spec
from stripe_plugin.errors import near

MOST = 3  # places that a hint names

Steps = tuple[str, ...]


def hint(spec: Spec, word: str) -> str:
    """What follows on "is not an input": where Stripe has it, else what was perhaps meant."""
    name = word.casefold().replace(" ", "_")
    if name in spec.words:
        return f" (did you mean {spec.words[name].key}?)"
    if name == "expand":
        return "; it goes under Options › Expand"
    if name in spec.sends:
        return "; it is always sent"
    known = spec.documented.operation
    if known and name in known.parameters:
        return "; Stripe takes it: it goes under Options › Extra"
    return _nested(spec, name) or near(word, spec.names) or spec.listed


def _nested(spec: Spec, name: str) -> str:
    """The places of a key that stands further inside; first those in a row, then the outermost."""
    known = spec.documented.operation
    found = [*known.find(name)] if known else []
    in_rows = [(key, rest) for key, rest in map(spec.within, found) if key]
    if in_rows:
        outermost = _outermost(rest for _, rest in in_rows)
        places = [_path(key, rest) for key, rest in in_rows if len(rest) == outermost]
        return f"; it is {' or '.join(places[:MOST])}"
    if found:
        [first, *rest] = found[0]
        return f"; it is {_path(first, rest)}, which goes under Options › Extra"
    return ""


def _outermost(paths: Any) -> int:
    return min(map(len, paths))


def _path(first: str, rest: Any) -> str:
    return " › ".join([first, *rest])

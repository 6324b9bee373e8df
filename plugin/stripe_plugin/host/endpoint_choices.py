"""What can be chosen where an endpoint of Stripe's is wanted? Nobody has to be asked for it."""

from collections.abc import Iterator

from stripe_plugin.declare.open import METHOD, PATH
from stripe_plugin.declare.spec import Spec
from stripe_plugin.host.choices import Choice, Choices, Wanted, nothing_found
from stripe_plugin.host.endpoints import methods_at, templates

NO_PATH = "No path of Stripe's API document takes this method."


def choices(spec: Spec, name: str, wanted: Wanted) -> Choices | None:
    """Those of a row by its name; None for one that is neither the method nor the path."""
    if name == METHOD:
        path = _typed(spec, PATH, wanted)
        found = [Choice(method, method) for method in methods_at(path)]
        return _page("method", found, wanted)
    if name == PATH:
        method = _typed(spec, METHOD, wanted)
        return _page("path", [*_paths(method)], wanted)
    return None


def _typed(spec: Spec, name: str, wanted: Wanted) -> str:
    """The text that is in a row so far; nothing, if that is no text."""
    row = spec.words[name]
    value = wanted.given.get(row.key)
    if value is None:
        value = wanted.given.get(row.name)
    return value if isinstance(value, str) else ""


def _paths(method: str) -> Iterator[Choice]:
    """The paths that take the method; without one, all."""
    for path, methods in templates().items():
        if not method or method in methods:
            yield Choice(path, path, _hint(path, methods))


def _hint(path: str, methods: list[str]) -> str:
    """Its methods; a variable is for a person to replace."""
    said = [*methods]
    _, brace, behind = path.partition("{")
    if brace:
        variable, _, _ = behind.partition("}")
        said.append(f"put an ID in the place of {{{variable}}}")
    return " · ".join(said)


def _page(what: str, found: list[Choice], wanted: Wanted) -> Choices:
    """Those that the search finds, behind the cursor."""
    words = wanted.search.casefold().split()
    fitting = [choice for choice in found if _has(choice, words)]
    behind = _behind(fitting, wanted.cursor)
    shown = behind[: wanted.limit]
    if not fitting:
        return Choices(note=nothing_found(what, wanted) if words else NO_PATH)
    has_more = len(behind) > len(shown)
    return Choices(tuple(shown), shown[-1].value if has_more else None)


def _behind(found: list[Choice], cursor: str | None) -> list[Choice]:
    values = [choice.value for choice in found]
    if cursor not in values:
        return found
    return found[values.index(cursor) + 1 :]


def _has(choice: Choice, words: list[str]) -> bool:
    text = f"{choice.hint} {choice.label}".casefold()
    return all(word in text for word in words)

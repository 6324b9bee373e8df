"""In which notation are parameters declared?

A line such as `name! active:bool images:[url]<8? recurring:{interval!:day|week count:int>=1}`
reads: `!` must be there, `?` may be unset with an empty string, `<N` at most N characters or
items, `>=N` at least N, `a|b` one of these words, `{…}` a group, `[…]` a list, `x/y` either,
`@kind` the id of an existing object, `$name` a shape declared elsewhere and `^a,b` at most one of
these. A name alone is a text.
"""

import re
from functools import cache

from attrs import evolve

from stripe_emulator.judge import Choice, Either, Group, Items, Metadata, Opaque, Shape

SHAPES: dict[str, str] = {}
_WORDS: dict[str, Shape] = {"map": Metadata("map"), "any": Opaque("any")}
_TOKEN = re.compile(r"[{}\[\]]|[^\s{}\[\]]+")
_SUFFIX = re.compile(r"(?:>=(?P<least>-?\d+))?(?:<(?P<limit>\d+))?(?P<empty>\?)?$")


@cache
def group(text: str) -> Group:
    """Read a declaration; the same text is read once."""
    return _group(_tokens(text))


def _tokens(text: str) -> list[str]:
    """Cut a declaration into words and brackets, the first one last."""
    return _TOKEN.findall(text)[::-1]


def _group(tokens: list[str], end: str = "") -> Group:
    fields: dict[str, Shape] = {}
    required: set[str] = set()
    exclusive: list[tuple[str, ...]] = []
    while tokens and tokens[-1] != end:
        head, colon, kind = tokens.pop().partition(":")
        if head.startswith("^"):
            exclusive.append(tuple(head[1:].split(",")))
            continue
        name = head.rstrip("!")
        if name != head:
            required.add(name)
        fields[name] = _shape(kind if colon else "str", tokens)
    return Group("group", fields=fields, required=frozenset(required), exclusive=tuple(exclusive))


def _shape(kind: str, tokens: list[str]) -> Shape:
    opener = kind or tokens.pop()
    if opener not in {"{", "["}:
        return _word(opener)
    if opener == "{":
        shape: Shape = _group(tokens, "}")
    else:
        shape = Items("list", of=_shape("", tokens))
    tokens.pop()
    if tokens and tokens[-1][0] in "?<>/":
        return _ended(shape, tokens.pop())
    return shape


def _word(word: str) -> Shape:
    if "/" in word:
        shapes = [_word(part) for part in word.split("/")]
        return Either("either", shapes=tuple(shapes))
    base = _SUFFIX.sub("", word)
    return _ended(_bare(base), word.removeprefix(base))


def _bare(word: str) -> Shape:
    if word.startswith("$"):
        return _shape("", _tokens(SHAPES[word[1:]]))
    if "|" in word:
        return Choice("word", values=tuple(word.split("|")))
    return _WORDS.get(word) or Shape(word)


def _ended(shape: Shape, tail: str) -> Shape:
    if tail.startswith("/"):
        shapes = (shape, _word(tail[1:]))
        return Either("either", shapes=shapes, emptyable=tail.endswith("?"))
    ending = _SUFFIX.match(tail)
    if ending is None:
        return shape
    least, limit, empty = ending.group("least", "limit", "empty")
    return evolve(
        shape,
        least=int(least) if least else shape.least,
        limit=int(limit) if limit else shape.limit,
        emptyable=shape.emptyable or bool(empty),
    )

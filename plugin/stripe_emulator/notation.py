"""In which notation are parameters declared, and how is judged what a request gave?

A line such as `name! active:bool images:[url]<8? recurring:{interval!:day|week count:int>=1}`
reads: `!` must be there, `?` may be unset with an empty string, `<N` at most N characters or
items, `>=N` at least N, `a|b` one of these words, `{…}` a group, `[…]` a list, `x/y` either,
`@kind` the id of an existing object, `$name` a shape declared elsewhere and `^a,b` at most one of
these. A name alone is a text.
"""

import difflib
import json
import re
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any

from attrs import define, evolve, field, frozen

from stripe_emulator import refusals
from stripe_emulator.refusals import Json, Refusal, is_json


@define
class Judgement:
    """What is collected on the way: the ids that must exist, as (kind, id, parameter)."""

    references: list[tuple[str, str, str]] = field(factory=list[tuple[str, str, str]])


@frozen
class Shape:
    """What one parameter may be; `judge` returns its value or raises the Refusal."""

    name: str = "str"
    limit: int = 5000
    least: int | None = None
    emptyable: bool = False

    def judge(self, raw: Any, path: str, seen: Judgement, /) -> Any:
        """Read a raw string or tree; an empty string unsets where that is allowed."""
        if raw == "":
            if not self.emptyable:
                raise refusals.empty_parameter(path)
            return ""
        return self.read(raw, path, seen)

    def read(self, raw: Any, path: str, seen: Judgement, /) -> Any:
        """Read a value that is not empty."""
        if not isinstance(raw, str):
            raise Refusal(f"Invalid string: {_shown(raw)}", param=path)
        if self.name.startswith("@"):
            seen.references.append((self.name[1:], raw, path))
        if len(raw) > self.limit:
            raise too_long(raw, self.limit, path)
        return SCALARS.get(self.name, _text)(raw, path, self)


@frozen
class Choice(Shape):
    """One of these words."""

    values: tuple[str, ...] = ()

    def read(self, raw: Any, path: str, _seen: Judgement, /) -> Any:
        """Read a word."""
        if raw not in self.values:
            listed = refusals.one_of(self.values)
            raise Refusal(f"Invalid {path}: must be one of {listed}", param=path)
        return raw


@frozen
class Items(Shape):
    """A list, all of one shape."""

    of: Shape = field(factory=Shape)

    def read(self, raw: Any, path: str, seen: Judgement, /) -> Any:
        """Read a list from its indexed tree."""
        if not is_json(raw) or not all(re.fullmatch(r"\d{1,9}", key) for key in raw):
            raise Refusal("Invalid array", param=path)
        rows = sorted(raw.items(), key=lambda pair: int(pair[0]))
        if len(rows) > self.limit:
            raise Refusal(f"Array exceeded maximum allowed elements ({self.limit}).", param=path)
        return [self.of.judge(value, f"{path}[{key}]", seen) for key, value in rows]


@frozen
class Group(Shape):
    """Named parameters, or with `*` any name of one shape."""

    fields: Mapping[str, Shape] = field(factory=dict[str, Shape])
    required: frozenset[str] = frozenset()
    exclusive: tuple[tuple[str, ...], ...] = ()

    def read(self, raw: Any, path: str, seen: Judgement, /) -> Any:
        """Read a group: unknown names first, then missing ones, then each value."""
        if not is_json(raw):
            raise Refusal("Invalid object", param=path)
        if "*" in self.fields:
            names = list(raw)
        else:
            self._check_unknown(raw, path)
            self._check_names(raw, path)
            names = [name for name in self.fields if name in raw]
        return {name: self._judged(name, raw, path, seen) for name in names}

    def _judged(self, name: str, raw: Json, path: str, seen: Judgement) -> Any:
        shape = self.fields.get("*") or self.fields[name]
        return shape.judge(raw[name], _join(path, name), seen)

    def _check_unknown(self, raw: Json, path: str) -> None:
        unknown = [name for name in raw if name not in self.fields]
        if not unknown:
            return
        near = difflib.get_close_matches(unknown[0], self.fields, 1, 0.66)
        hint = _join(path, near[0]) if near and len(unknown) == 1 else None
        raise refusals.unknown_parameters([_join(path, name) for name in unknown], hint)

    def _check_names(self, raw: Json, path: str) -> None:
        for name in self.fields:
            if name in self.required and name not in raw:
                raise refusals.missing_parameter(_join(path, name))
        for names in self.exclusive:
            if len([name for name in names if name in raw]) > 1:
                raise refusals.exclusive_parameters(names, _join(path, names[0]))

    @cached_property
    def blank(self) -> Json:
        """The group as Stripe shows it when nothing in it is set."""
        return dict.fromkeys(self.fields)


@frozen
class Either(Shape):
    """A group or a word or a number: the first shape that can read it."""

    shapes: tuple[Shape, ...] = ()

    def read(self, raw: Any, path: str, seen: Judgement, /) -> Any:
        """Read by the kind of value: trees by the group, strings by the last that takes them."""
        deep = [shape for shape in self.shapes if isinstance(shape, Group | Items)]
        flat = [shape for shape in self.shapes if not isinstance(shape, Group | Items)]
        if isinstance(raw, dict):
            first = (deep or flat)[0]
            return first.judge(raw, path, seen)
        for shape in flat:
            try:
                return shape.judge(raw, path, seen)
            except Refusal:
                if shape is flat[-1]:
                    raise
        raise Refusal("Invalid object", param=path)


@frozen
class Opaque(Shape):
    """Taken as it is: deep trees of options that change nothing in the emulator."""

    def read(self, raw: Any, _path: str, _seen: Judgement, /) -> Any:
        """Take what came."""
        return raw


@frozen
class Metadata(Shape):
    """Up to 50 keys of 40 characters with values of 500 (docs.stripe.com/api/metadata)."""

    def read(self, raw: Any, path: str, _seen: Judgement, /) -> Any:
        """Read the pairs; an empty value stands for removing its key."""
        if not is_json(raw):
            raise Refusal("Invalid object", param=path)
        if len(raw) > 50:
            raise Refusal("Metadata can have up to 50 keys.", param=path)
        for key, value in raw.items():
            inner = f"{path}[{key}]"
            if not isinstance(value, str):
                raise Refusal(f"Invalid string: {_shown(value)}", param=inner)
            self._check_length("key", key, 40, inner)
            self._check_length("value", value, 500, inner)
        return dict(raw)

    @staticmethod
    def _check_length(what: str, text: str, most: int, path: str) -> None:
        if len(text) > most:
            raise Refusal(
                f"Metadata {what}s can have up to {most} characters, but you passed in a "
                f"{what} that is {len(text)} characters.",
                param=path,
            )


def too_long(text: str, most: int, param: str, status: int = 400) -> Refusal:
    """A text of more characters than Stripe takes."""
    shown = f"{text[:4]}...{text[-4:]}; must be at most {most} characters"
    return Refusal(f"Invalid string: {shown}", param=param, status=status)


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def _shown(raw: Any) -> str:
    text = json.dumps(raw, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _text(raw: str, _path: str, _shape: Shape) -> Any:
    return raw


def _integer(raw: str, path: str, shape: Shape) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", raw):
        raise _bad("integer", raw, path, "parameter_invalid_integer")
    if shape.least is not None and int(raw) < shape.least:
        message = "Invalid non-negative integer"
        if shape.least:
            message = f"This value must be greater than or equal to {shape.least}."
        raise Refusal(message, code="parameter_invalid_integer", param=path)
    return int(raw)


def _boolean(raw: str, path: str, _shape: Shape) -> bool:
    if raw.lower() not in {"true", "false"}:
        raise _bad("boolean", raw, path)
    return raw.lower() == "true"


def _number(raw: str, path: str, _shape: Shape) -> float:
    if not re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,12})?", raw):
        raise _bad("decimal", raw, path)
    return float(raw)


def _decimal(raw: str, path: str, shape: Shape) -> str:
    _number(raw, path, shape)
    whole = raw.lstrip("+")
    return whole.rstrip("0").rstrip(".") if "." in whole else whole


def _timestamp(raw: str, path: str, _shape: Shape) -> int:
    if not re.fullmatch(r"[0-9]{1,11}", raw):
        message = "Invalid timestamp: must be an integer Unix timestamp"
        raise Refusal(message, code="parameter_invalid_integer", param=path)
    return int(raw)


def _currency(raw: str, path: str, _shape: Shape) -> str:
    if raw.lower() not in CURRENCIES:
        supported = f"Stripe currently supports these currencies: {', '.join(CURRENCIES)}"
        raise Refusal(f"Invalid currency: {raw[:40].lower()}. {supported}", param=path)
    return raw.lower()


def _email(raw: str, path: str, _shape: Shape) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", raw):
        raise Refusal(f"Invalid email address: {raw[:80]}", code="email_invalid", param=path)
    return raw


def _url(raw: str, path: str, _shape: Shape) -> str:
    if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/]\S*", raw):
        raise Refusal("Not a valid URL", code="url_invalid", param=path)
    return raw


def _bad(kind: str, raw: str, path: str, code: str | None = None) -> Refusal:
    return Refusal(f"Invalid {kind}: {raw[:80]}", code=code, param=path)


SCALARS: dict[str, Callable[[str, str, Shape], Any]] = {
    "int": _integer,
    "bool": _boolean,
    "num": _number,
    "dec": _decimal,
    "time": _timestamp,
    "cur": _currency,
    "email": _email,
    "url": _url,
}

CURRENCIES: tuple[str, ...] = tuple(
    """
    usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp
    byn bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip
    gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt
    lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr
    nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd
    std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer
    zar zmw
    """.split()
)

_WORDS: dict[str, Shape] = {"map": Metadata("map"), "any": Opaque("any")}
SHAPES: dict[str, str] = {}
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
    tail = tokens.pop() if tokens and tokens[-1][0] in "?<>/" else ""
    return _ended(shape, tail)


def _word(word: str) -> Shape:
    if "/" in word:
        return Either("either", shapes=tuple(_word(part) for part in word.split("/")))
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
        return Either("either", shapes=(shape, _word(tail[1:])), emptyable=tail.endswith("?"))
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

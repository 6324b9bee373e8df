"""Which actions are meant by some words? Those that are called so first, then those that say so."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import attrs

MOST = 15
WORD = re.compile(r"[a-z0-9]+")
# What people say for what Stripe calls otherwise.
ALSO: Mapping[str, tuple[str, ...]] = {
    "back": ("refund",),
    "buy": ("checkout",),
    "card": ("payment", "checkout", "portal"),
    "discount": ("coupon", "promotion"),
    "downgrade": ("plan",),
    "money": ("refund", "payment", "balance"),
    "offer": ("coupon", "promotion"),
    "plan": ("subscription", "price"),
    "reduction": ("coupon", "promotion"),
    "stop": ("cancel",),
    "unsubscribe": ("cancel",),
    "upgrade": ("plan",),
    "voucher": ("coupon", "promotion"),
}
# How far away each is: called so, called what is meant, said of it, a row of it, said of a row.
NAME, MEANT, SAID, ROW, SAID_OF_ROW, NOWHERE = 0, 1, 2, 3, 4, 20
NEAR = 0.7  # how alike a word is that was mistyped
Manifest = Mapping[str, Any]


@attrs.frozen
class Spoken:
    """An action, and the words in which it is spoken of."""

    id: str
    name: str
    summary: str
    name_words: frozenset[str]
    words: Mapping[int, frozenset[str]]

    @classmethod
    def of(cls, manifest: Manifest, resource: str) -> "Spoken":
        """By its manifest, and what its resource is called."""
        rows = [*_rows(manifest["inputs"])]
        said = (manifest["summary"], manifest["description"], resource)
        words = {
            SAID: _words(said),
            ROW: _words(row["key"] for row in rows),
            SAID_OF_ROW: _words(row["description"] for row in rows),
        }
        name = manifest["name"]
        return cls(manifest["id"], name, manifest["summary"], _words([name]), words)

    def distance(self, word: str) -> int:
        """How far away a word is."""
        if _has(self.name_words, word):
            return NAME
        if any(_has(self.name_words, meant) for meant in ALSO.get(word, ())):
            return MEANT
        found = (far for far, words in self.words.items() if _has(words, word))
        return min(found, default=NOWHERE)


def _rows(rows: Iterable[Manifest]) -> Iterator[Manifest]:
    for row in rows:
        yield row
        yield from _rows(row.get("fields", ()))


def _words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(WORD.findall(" ".join(texts).lower()))


def _has(words: Iterable[str], begin: str) -> bool:
    """Whether one of the words begins so, be there one of it or many."""
    one = begin.removesuffix("s") or begin
    return any(word.startswith(one) for word in words)


@attrs.frozen
class Finding:
    """The actions of a host, to be found by words."""

    actions: Sequence[Spoken]

    def found(self, text: str) -> list[Spoken]:
        """Those that have all of the words, the nearest first; if none has, those with some."""
        typed = WORD.findall(text.lower())
        words = [near for word in typed for near in self._known(word)]
        if not words:
            return []
        far = {action.id: [action.distance(word) for word in words] for action in self.actions}
        ranked = sorted(self.actions, key=lambda action: sum(far[action.id]))
        whole = [action for action in ranked if NOWHERE not in far[action.id]]
        some = [action for action in ranked if min(far[action.id], default=NOWHERE) < NOWHERE]
        return (whole or some)[:MOST]

    def _known(self, word: str) -> list[str]:
        """The word, or the one that may be meant, where nobody says it."""
        if word in ALSO or any(action.distance(word) < NOWHERE for action in self.actions):
            return [word]
        names = {each for action in self.actions for each in action.name_words}
        return get_close_matches(word, sorted(names | {*ALSO}), n=1, cutoff=NEAR) or [word]

"""How is a whole list written, entry by entry, as it comes?"""

import csv
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from stripe_plugin.declare.label import label_of
from stripe_plugin.errors import UsageError
from stripe_plugin.judge.values import found_at
from stripe_plugin.secrets import masked, without_secrets
from stripe_terminal.screen import Screen, as_json, clean, one_line

if TYPE_CHECKING:
    from stripe_plugin.declare.spec import Spec
    from stripe_plugin.host.entries import Entries

ENTRY = "data[]."  # how the path of an entry's field begins, among a list's outputs
Entry = Mapping[str, Any]
Manifest = Mapping[str, Any]


class Write(Protocol):
    """Writes one entry."""

    def __call__(self, entry: Entry, /) -> None:
        """Onto stdout, at once."""


def writer(form: str | None, out: Screen, spec: "Spec", manifest: Manifest) -> Write:
    """`jsonl`: each as a line of JSON; `csv`: its first fields; None: what a person knows it by."""
    if form == "jsonl":
        return lambda entry: _line(out, masked(as_json(entry)))
    if form == "csv":
        return Table(out, manifest)
    return lambda entry: _line(out, _known_by(entry, spec))


def _line(out: Screen, text: str) -> None:
    out.file.write(f"{text}\n")


def _known_by(entry: Entry, spec: "Spec") -> str:
    label = label_of(entry, spec.subject.label) if spec.subject.label else ""
    return one_line(masked(f"{entry.get('id')}  {label}".rstrip()))


class Table:
    """Comma-separated values: a head of labels, then the fields that people pick first."""

    def __init__(self, out: Screen, manifest: Manifest) -> None:
        listed = [each for each in manifest["outputs"] if each["path"].startswith(ENTRY)]
        if not listed:
            raise UsageError(f"{manifest['name']} names no fields for a table: use --jsonl")
        self._paths = [each["path"].removeprefix(ENTRY) for each in listed]
        self._rows = csv.writer(out.file)
        self._rows.writerow(each["label"] for each in listed)

    def __call__(self, entry: Entry, /) -> None:
        """A row of it; an empty cell where there is nothing."""
        self._rows.writerow(_cell(found_at(entry, path)) for path in self._paths)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else as_json(value)
    return masked(clean(text))


@contextmanager
def told(entries: "Entries", err: Screen) -> Generator[Iterable[Entry]]:
    """The entries, without secrets; how many there were, also where an error ends them."""
    try:
        yield _counted(entries, err)
    except BaseException as error:
        if entries.taken:
            error.add_note(f"{entries.taken:,} were read; --cursor {entries.cursor} goes on there.")
        raise
    text = f"{_many(entries.taken, 'entry', 'entries')}, "
    text += _many(entries.requests, "request", "requests")
    if entries.has_more:
        text += f"; there are more: --most says how many, --cursor {entries.cursor} goes on there"
    err.tell(f"{text}.")


def _many(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


def _counted(entries: "Entries", err: Screen) -> Generator[Entry]:
    """Each of them; on a terminal it is shown how many have come."""
    if not err.is_screen:
        yield from map(without_secrets, entries)
        return
    with err.status("") as status:
        for entry in entries:
            status.update(f"{entries.taken:,} read")
            yield without_secrets(entry)

"""What may reach a terminal? Whatever is printed goes through here and is cleaned."""

import json
import os
import re
import textwrap
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment
from rich.text import Text

# C0 but for newline and tab, DEL and C1 (they move the cursor, name windows, hide text); marks that
# turn the reading direction around; line separators; halves of surrogate pairs.
CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)

# Marks of a line.
RIGHT = "[green]✓[/] "
WRONG = "[red]✗[/] "
WARNING = "[yellow]![/] "
SKIPPED = "[dim]–[/] "
EMULATED = "emulator: no Stripe account is used, nothing is charged"


def clean(text: str) -> str:
    """`text`, with a question mark in the place of each control character."""
    return CONTROLS.sub("\ufffd", text)


def one_line(text: str) -> str:
    """`text` on one line, as it can stand beside others."""
    lines = text.split("\n")
    return clean(" ".join(lines))


def as_json(value: Any, *, pretty: bool = False) -> str:
    """JSON of the same data, in which every control character is escaped."""
    indent = 2 if pretty else None
    text = json.dumps(value, indent=indent, ensure_ascii=not pretty)
    return CONTROLS.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}"


class Screen(Console):
    """Stdout or stderr, on which no text can do more than be read."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False)

    @property
    def is_screen(self) -> bool:
        """Whether a cursor can be moved on it: FORCE_COLOR makes no terminal of a file."""
        return self.is_terminal and self.file.isatty()

    def render(self, *given: Any, **more: Any) -> Iterable[Segment]:
        """What is about to be written, cleaned: the last thing that all of it goes through."""
        for segment in super().render(*given, **more):
            if segment.control:
                yield segment
            else:
                text = clean(segment.text)
                yield segment._replace(text=text)

    def on_broken_pipe(self) -> None:
        """Nobody reads: the rest goes nowhere, and so does what Python writes out at its end."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())  # rich's own takes `sys.stdout`, which may be another
        raise SystemExit(1)

    def say(self, text: str, mark: str = "") -> None:
        """Plain text, never wrapped, behind a mark of our own with rich's markup."""
        line = Text.from_markup(mark).append(text)
        self.print(line, soft_wrap=True)

    def tell(self, sentence: str, mark: str = "") -> None:
        """The same, but for a person wrapped between its words, none of which is broken."""
        if self.is_terminal:
            words = textwrap.TextWrapper(self.width - 2)
            words.break_long_words = False
            words.break_on_hyphens = False
            sentence = "\n  ".join(words.wrap(sentence))
        self.say(sentence, mark)

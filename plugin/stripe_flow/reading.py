"""How is a file read? YAML, or JSON, to plain data with line numbers; bombs are refused."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Self

import yaml

from stripe_plugin.errors import UsageError
from stripe_plugin.secrets import without_secrets

# Of a file, which is read by the character, and of what is told of it.
LONGEST = 500_000
MOST_NODES = 20_000
DEEPEST = 50
MOST_PROBLEMS = 50
LONGEST_PROBLEM = 400
TOO_MUCH = "The file holds too much, or is nested too deeply."
MORE = "There is more; mend these first."
YAML_TAGS = {
    f"tag:yaml.org,2002:{kind}" for kind in "map seq str int float bool null timestamp".split()
}
KEY_TAGS = {*YAML_TAGS, "tag:yaml.org,2002:merge"}
NOTHING = ("null", "~", "")
FLAGS = {"true": True, "false": False}
WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+")

Path = tuple[Any, ...]
Lines = dict[Path, int]
Object = dict[str, Any]


class Problem(NamedTuple):
    """What is wrong at a line; of a step the ID, and the key or word that it is about."""

    line: int
    text: str
    step: str = ""
    key: str = ""


class FlowError(UsageError):
    """What is wrong with a flow file: one `file:line: sentence` per line.

    `problems` has the same as data: file, line, step, key, text.
    """

    unsent = True

    def __init__(self, text: object, problems: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(text)
        self.problems = without_secrets(problems)

    def facts(self) -> dict[str, Any]:
        """Its problems."""
        return {"problems": self.problems}

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Self:
        """What `facts` and the shared words gave."""
        return cls(facts["text"], facts["problems"])


class _Loader(yaml.SafeLoader):
    """Gives up on a file of too many nodes before it has read all of them."""

    left = MOST_NODES

    def compose_node(self, parent: Any, index: int) -> Any:
        """The next node, as long as there may be more."""
        self.left -= 1
        if self.left < 0:
            mark = self.get_mark()
            raise yaml.MarkedYAMLError(problem="The file holds too much.", problem_mark=mark)
        return super().compose_node(parent, index)


class Reader:
    """YAML to plain data with line numbers; tags, duplicate keys and bombs are refused."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.lines: Lines = {}
        self._left = MOST_NODES
        self._line = 1
        if len(text) > LONGEST:
            raise self._wrong(1, f"The file is longer than {LONGEST:,} characters.")
        try:
            self.data = self._whole(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            line, what = self._problem(error, text)
            raise self._wrong(line, what) from None

    def _whole(self, text: str) -> Any:
        node = _Loader(text).get_single_node()
        if node is None:
            return None
        return self._value(node, ())

    def _problem(self, error: Exception, text: str) -> tuple[int, str]:
        """What the parser has met, and where."""
        if isinstance(error, yaml.reader.ReaderError):
            before = text[: error.position]
            what = f"The character {error.character!r} cannot be read."
            return before.count("\n") + 1, what
        if isinstance(error, RecursionError):
            return 1, "The file is nested too deeply."
        mark = getattr(error, "problem_mark", None)
        if mark:
            self._line = mark.line + 1
        return self._line, first(error)

    def error(self, problems: Iterable[Problem]) -> FlowError:
        """One line for each, of what can be printed; the first of very many."""
        told = self.told(problems)
        lines = [f"{self.name}:{each['line']}: {each['text']}" for each in told]
        return FlowError("\n".join(lines), told)

    def told(self, problems: Iterable[Problem]) -> list[Object]:
        """Problems as data, in the order of their lines; the first of very many."""
        told = sorted(problems)
        if len(told) > MOST_PROBLEMS:
            told[MOST_PROBLEMS:] = [Problem(told[MOST_PROBLEMS].line, MORE)]
        return [self._as_dict(problem) for problem in told]

    def _as_dict(self, problem: Problem) -> Object:
        words = problem._asdict()
        printed = {name: _printed(words[name]) for name in ("step", "key", "text")}
        return {"file": self.name, "line": problem.line, **printed}

    def _value(self, node: Any, path: Path) -> Any:
        self._left -= 1
        self._line = _line(node)
        if self._left < 0 or len(path) > DEEPEST:
            raise self._wrong(self._line, TOO_MUCH)
        self._check_tag(node, YAML_TAGS)
        self.lines.setdefault(path, self._line)
        if isinstance(node, yaml.SequenceNode):
            return self._list(node, path)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return _scalar(node)

    def _list(self, node: Any, path: Path) -> list[Any]:
        found: list[Any] = []
        for number, item in enumerate(node.value):
            place = (*path, number)
            found.append(self._value(item, place))
        return found

    def _mapping(self, node: Any, path: Path) -> Object:
        found: Object = {}
        for key_node, item in node.value:
            key = self._key(key_node, found)
            place = (*path, key)
            self.lines[place] = _line(key_node)
            found[key] = self._value(item, place)
        return found

    def _key(self, node: Any, found: Object) -> str:
        self._check_tag(node, KEY_TAGS)
        key = node.value
        line = _line(node)
        if not isinstance(key, str):
            raise self._wrong(line, "A key is text.")
        if key in found:
            raise self._wrong(line, f"The key {key[:60]!r} stands twice.")
        return key

    def _check_tag(self, node: Any, known: set[str]) -> None:
        if node.tag not in known:
            raise self._wrong(_line(node), f"The tag {node.tag} has no meaning here.")

    def _wrong(self, line: int, text: str) -> FlowError:
        return self.error([Problem(line, text)])


def _line(node: Any) -> int:
    line: int = node.start_mark.line + 1
    return line


def _scalar(node: Any) -> Any:
    """YAML 1.2's plain values; what only 1.1 reads as more (`yes`, `01234`, a date) is text."""
    text: str = node.value
    if node.style is not None or node.tag == "tag:yaml.org,2002:str":
        return text
    if text in NOTHING:
        return None
    if text in FLAGS:
        return FLAGS[text]
    if WHOLE.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text):
        return exact(text)
    return text


def exact(text: str) -> Any:
    """A number; one that a float cannot hold stays text, which is sent and read exactly."""
    held = float(text)
    return held if Decimal(repr(held)) == Decimal(text) else text


def _printed(text: str) -> str:
    if len(text) > LONGEST_PROBLEM:
        text = f"{text[:LONGEST_PROBLEM]}…"
    return "".join(each if each.isprintable() else " " for each in text)


def first(error: BaseException) -> str:
    """The first line of what a parser says, cut."""
    text = str(getattr(error, "problem", None) or error)
    line, _, _ = text.partition("\n")
    return line[:200]


def read_data(name: str, text: str) -> Any:
    """YAML or JSON as plain data. Raises `FlowError` with the line."""
    return Reader(name, text).data

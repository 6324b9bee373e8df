"""How is a file read? YAML, or JSON, to plain data with line numbers; bombs are refused."""

import re
from typing import Any

import yaml

from stripe_plugin.errors import UsageError

# Of a file, which is read by the character, and of what is told of it.
LONGEST, MOST_NODES, DEEPEST = 500_000, 20_000, 50
MOST_PROBLEMS, LONGEST_PROBLEM = 50, 400
YAML_TAGS = {
    f"tag:yaml.org,2002:{kind}" for kind in "map seq str int float bool null timestamp".split()
}


class FlowError(UsageError):
    """What is wrong with a flow file: one `file:line: sentence` per line."""

    unsent = True


class _Loader(yaml.SafeLoader):
    """Gives up on a file of too many nodes before it has read all of them."""

    left = MOST_NODES

    def compose_node(self, parent: Any, index: int) -> Any:
        """As ever."""
        self.left -= 1
        if self.left < 0:
            mark = self.get_mark()
            raise yaml.MarkedYAMLError(problem="The file holds too much.", problem_mark=mark)
        return super().compose_node(parent, index)


class Reader:
    """YAML to plain data with line numbers; tags, duplicate keys and bombs are refused."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.lines, self.left, self.line = (
            name,
            dict[tuple[Any, ...], int](),
            MOST_NODES,
            1,
        )
        if len(text) > LONGEST:
            raise self.error([(1, f"The file is longer than {LONGEST:,} characters.")])
        try:
            node = _Loader(text).get_single_node()
            self.data = self._value(node, ()) if node else None
        except yaml.reader.ReaderError as error:
            line = text[: error.position].count("\n") + 1
            raise self.error(
                [(line, f"The character {error.character!r} cannot be read.")]
            ) from None
        except RecursionError:
            raise self.error([(1, "The file is nested too deeply.")]) from None
        except (yaml.YAMLError, ValueError) as error:
            mark = getattr(error, "problem_mark", None)
            raise self.error([(mark.line + 1 if mark else self.line, first(error))]) from None

    def error(self, problems: list[tuple[int, str]]) -> FlowError:
        """One line for each, of what can be printed; the first of very many."""
        told = sorted(problems)
        if len(told) > MOST_PROBLEMS:
            told[MOST_PROBLEMS:] = [(told[MOST_PROBLEMS][0], "There is more; mend these first.")]
        return FlowError("\n".join(f"{self.name}:{line}: {_printed(text)}" for line, text in told))

    def _value(self, node: Any, path: tuple[Any, ...]) -> Any:
        self.left, self.line = self.left - 1, node.start_mark.line + 1
        if self.left < 0 or len(path) > DEEPEST:
            raise self.error([(self.line, "The file holds too much, or is nested too deeply.")])
        if node.tag not in YAML_TAGS:
            raise self.error([(self.line, f"The tag {node.tag} has no meaning here.")])
        self.lines.setdefault(path, self.line)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, number)) for number, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return _scalar(node)

    def _mapping(self, node: Any, path: tuple[Any, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, item in node.value:
            key, line = key_node.value, key_node.start_mark.line + 1
            if key_node.tag not in (*YAML_TAGS, "tag:yaml.org,2002:merge"):
                raise self.error([(line, f"The tag {key_node.tag} has no meaning here.")])
            if not isinstance(key, str):
                raise self.error([(line, "A key is text.")])
            if key in found:
                raise self.error([(line, f"The key {key[:60]!r} stands twice.")])
            self.lines[*path, key] = line
            found[key] = self._value(item, (*path, key))
        return found


def _scalar(node: Any) -> Any:
    """YAML 1.2's plain values; what only 1.1 reads as more (`yes`, `01234`, a date) is text."""
    text: str = node.value
    if node.style is not None or node.tag == "tag:yaml.org,2002:str":
        return text
    if text in ("true", "false", "null", "~", ""):
        return {"true": True, "false": False}.get(text)
    if re.fullmatch(r"[-+]?(0|[1-9][0-9]{0,17})", text):
        return int(text)
    return float(text) if re.fullmatch(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+", text) else text


def _printed(text: str) -> str:
    cut = text if len(text) <= LONGEST_PROBLEM else f"{text[:LONGEST_PROBLEM]}…"
    return "".join(each if each.isprintable() else " " for each in cut)


def first(error: BaseException) -> str:
    """The first line of what a parser says, cut."""
    return str(getattr(error, "problem", None) or error).partition("\n")[0][:200]


def read_data(name: str, text: str) -> Any:
    """YAML or JSON as plain data. Raises `FlowError` with the line."""
    return Reader(name, text).data

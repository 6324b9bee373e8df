"""How does a person, or a model, read up on an action? On a page of its own, in Markdown."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

ADDRESS = "stripe-nodes://actions/"
MARKDOWN = "text/markdown"
HEAD = (
    "| Display key | Parameter | Type | Example | What it is | Restrictions |\n"
    "|---|---|---|---|---|---|"
)
Row = Mapping[str, Any]


def listed(entry: Row) -> dict[str, Any]:
    """The page of an action, as `resources/list` has it."""
    return {
        "uri": ADDRESS + entry["id"],
        "name": entry["id"],
        "title": entry["name"],
        "description": f"The inputs and restrictions of {entry['name']}. {entry['summary']}",
        "mimeType": MARKDOWN,
    }


def page(manifest: Row) -> str:
    """What there is to know of an action; `*` must be given."""
    endpoint = f"[{manifest['method']} {manifest['path']}]({manifest['docs_url']})"
    parts = [f"# {manifest['name']}", manifest["description"], f"`{manifest['id']}` · {endpoint}"]
    if manifest["permission"]:
        parts.append(f"A restricted key needs: {manifest['permission']}.")
    labelled = _labelled(manifest["inputs"])
    lines = [_line(label, row) for label, row in labelled]
    if lines:
        parts.append("`*` must be given, inside of another if that is.")
        parts.append("\n".join([HEAD, *lines]))
    answer = json.dumps(manifest["output_example"], indent=2, ensure_ascii=False)
    parts.append(f"Answers, for example:\n\n```json\n{answer}\n```")
    return "\n\n".join(parts) + "\n"


def _labelled(rows: Iterable[Row], above: str = "") -> Iterator[tuple[str, Row]]:
    """Each row, and those inside of it, by where they are: `Line Items › Price`."""
    for row in rows:
        label = f"{above}{row['key']}"
        yield label, row
        yield from _labelled(row.get("fields", ()), f"{label} › ")


def _line(label: str, row: Row) -> str:
    example = json.dumps(row["example"], ensure_ascii=False)
    said = [row.get("restrictions"), *row["rules"]]
    rules = dict.fromkeys(text for text in said if text)
    mark = " *" if row["required"] else ""
    cells = (
        *(f"{label}{mark}", f"`{row['name']}`", row["type"], f"`{example}`"),
        *(row["description"], "; ".join(rules)),
    )
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")

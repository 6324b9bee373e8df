"""How does a person, or a model, read up on an action? On a page of its own, in Markdown."""

import json
from typing import Any

from stripe_plugin.host.rows import Row, labelled

ADDRESS = "stripe-nodes://actions/"
MARKDOWN = "text/markdown"
HEAD = (
    "| Display key | Parameter | Type | Example | What it is | Restrictions |\n"
    "|---|---|---|---|---|---|"
)


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
    lines = [_line(label, row) for label, row in labelled(manifest["inputs"])]
    if lines:
        parts.append("`*` must be given, inside of another if that is.")
        parts.append("\n".join([HEAD, *lines]))
    answer = json.dumps(manifest["output_example"], indent=2, ensure_ascii=False)
    parts.append(f"Answers, for example:\n\n```json\n{answer}\n```")
    return "\n\n".join(parts) + "\n"


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

"""Writes what is derived from the tables: manifests, reference page, lists of the READMEs.

`python manifests/write.py` writes; with `--check` it only says what is stale, and fails.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import stripe_nodes
from stripe_emulator import echo, simulated
from stripe_plugin.declare.action import Action
from stripe_plugin.host.advice import describe_errors
from stripe_plugin.host.discovery import LISTED, MANIFEST_VERSION
from stripe_plugin.host.manifest import (
    describe,
    describe_connection,
    describe_options,
    describe_resources,
)
from stripe_plugin.run.exchange import STRIPE_VERSION

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "manifests" / "stripe_manifests"
BEGIN, END = "<!-- actions: written by `make write` -->", "<!-- end of actions -->"

REFUSED = """# What the emulator does not simulate

Written by `make write` from Stripe's API document and from what the emulator's resources say of
themselves. A request with one of these is refused before anything is executed: status 400, error
type `emulator_error`, "the emulator does not simulate …", and in `param` which. Endpoints of
Stripe's that have no resource in `resources/`, nor stand under "What is only kept and shown", are
refused alike. `* but a, b` are all parameters
there except those, `a but x` are all values except those.
"""
ECHOED = """## What is only kept and shown

What is sent here is judged by the API document, kept, and shown as it was sent, with the header
`Emulated: echo`: nothing is computed of it, and it changes nothing else. Whatever more these
resources can do at Stripe is refused.
"""


def manifests(actions: Iterable[type[Action]]) -> dict[Path, str]:
    """`index.json`, what all actions share, and one file per action."""
    listed = [
        {**{word: getattr(action.spec, word) for word in LISTED}, "entry": action.spec.entry}
        for action in actions
    ]
    index = {
        "manifest_version": MANIFEST_VERSION,
        "stripe_version": STRIPE_VERSION,
        "actions": listed,
    }
    files: dict[Path, Any] = {PACKAGE / "index.json": index}
    files[PACKAGE / "options.json"] = describe_options()
    files[PACKAGE / "connection.json"] = describe_connection()
    files[PACKAGE / "errors.json"] = describe_errors()
    files[PACKAGE / "resources.json"] = describe_resources(actions)
    for action in actions:
        files[PACKAGE / "actions" / f"{action.spec.id}.json"] = describe(action)
    return {file: _text(about) for file, about in files.items()}


def _text(about: Mapping[str, Any]) -> str:
    """JSON as people read it; the schema of an answer, which is long, on one line."""
    schema = about.get("output_schema")
    mark = {"output_schema": None} if schema else {}
    text = json.dumps({**about, **mark}, indent=2, ensure_ascii=False)
    line = json.dumps(schema, ensure_ascii=False)
    return text.replace('"output_schema": null', f'"output_schema": {line}') + "\n"


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def _rules(row: dict[str, Any]) -> str:
    said: list[str] = [text for text in (row.get("restrictions"), *row["rules"]) if text]
    return "; ".join(dict.fromkeys(said))


def _labelled(rows: Iterable[dict[str, Any]], above: str = "") -> Iterator[tuple[str, Any]]:
    """Each row, and those inside of it, by where they are: `Line Items › Price`."""
    for row in rows:
        label = f"{above}{row['key']}"
        yield label, row
        yield from _labelled(row.get("fields", ()), f"{label} › ")


def _section(action: type[Action]) -> str:
    about = describe(action)
    answer = json.dumps(action.spec.output_excerpt)
    picked = ", ".join(f"`{output['path']}`" for output in about["outputs"])
    rows = [
        f"| {label}{' *' * row['required']} | `{row['name']}` | {row['type']} "
        f"| `{_cell(json.dumps(row['example'], ensure_ascii=False))}` "
        f"| {_cell(row['description'])}{' ⁺' * row.get('beyond', False)} "
        f"| {_cell(_rules(row))} |"
        for label, row in _labelled(about["inputs"])
    ]
    page = f"[{about['method']} {about['path']}]({about['docs_url']})"
    mark = " · recipe" if about["recipe"] else ""
    key = f" · restricted key: {about['permission']}" if about["permission"] else ""
    return "\n".join(
        [
            f"## {about['name']}\n",
            f"`{about['id']}` · {page}{mark}{key}\n",
            f"{about['description']}\n",
            "| Display key | Parameter | Type | Example | Description | Restrictions |",
            "|---|---|---|---|---|---|",
            *rows,
            f"\nAnswers, for example, `{answer}` and more; picked first: {picked}\n",
        ]
    )


def reference(actions: Iterable[type[Action]]) -> str:
    """The page with every action and row."""
    head = (
        "# The actions\n\nWritten from the tables in `stripe_nodes` by `make write`. "
        "`*` must be given, inside of another if that is; ⁺ is a row beyond the action page. A "
        "recipe makes several calls, or one with a hidden turn.\n\n"
    )
    return head + "\n".join(_section(action) for action in actions)


def listing(actions: Iterable[type[Action]]) -> str:
    """The table of actions for the README."""
    rows = [
        f"| [{spec.name}]({spec.docs_url}) | `{spec.id}` | {spec.summary} |"
        for spec in (action.spec for action in actions)
    ]
    return "\n".join([BEGIN, "| Action | ID | What it does |", "|---|---|---|", *rows, END])


def not_simulated() -> str:
    """The page with everything that the emulator refuses of the endpoints it serves."""
    rows = [
        f"| `{endpoint}` | {', '.join(f'`{name}`' for name in names)} |"
        for endpoint, names in sorted(simulated.refused().items())
        if names
    ]
    return "\n".join([REFUSED, "| Endpoint | Refused |", "|---|---|", *rows, "", kept_and_shown()])


def kept_and_shown() -> str:
    """What the emulator only echoes."""
    rows = [
        f"| `{path}` | {', '.join(verbs.split())} |"
        for path, verbs in sorted(echo.listed().items())
    ]
    return "\n".join([ECHOED, "| Resource | Does |", "|---|---|", *rows, ""])


def derived() -> dict[Path, str]:
    """Every derived file with its text."""
    actions = [*stripe_nodes.actions()]
    readme = (ROOT / "README.md").read_text("utf-8")
    before, _, rest = readme.partition(BEGIN)
    after = rest.partition(END)[2]
    return {
        **manifests(actions),
        ROOT / "nodes" / "README.md": reference(actions),
        ROOT / "plugin" / "stripe_emulator" / "README.md": not_simulated(),
        ROOT / "README.md": before + listing(actions) + after,
    }


def main() -> int:
    """Writes, or with `--check` compares."""
    files = derived()
    present = {*(PACKAGE / "actions").glob("*.json")}
    stale = [
        file for file, text in files.items() if not file.exists() or file.read_text("utf-8") != text
    ]
    orphaned = sorted(present - files.keys())
    if "--check" in sys.argv:
        for file in [*stale, *orphaned]:
            print(f"stale: {file.relative_to(ROOT)} (run `make write`)")
        return bool(stale or orphaned)
    (PACKAGE / "actions").mkdir(exist_ok=True)
    for file in orphaned:
        file.unlink()
    for file in stale:
        file.write_text(files[file], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

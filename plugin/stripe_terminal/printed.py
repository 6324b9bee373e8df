"""What do people read of a catalog, an action, a result, an account?"""

import itertools
import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.highlighter import JSONHighlighter
from rich.table import Table
from rich.text import Text

from stripe_plugin.secrets import masked
from stripe_terminal.screen import EMULATED, Screen, as_json, one_line

if TYPE_CHECKING:
    from stripe_flow.run import Run
    from stripe_plugin.run.result import Result

Facts = Mapping[str, Any]
Steps = Sequence[Any]
WIDE = 100  # columns from which the answers of a flow stand below one another
LONGEST = 60  # characters of what a list holds
GAP = "\n" + " " * 13
HEAD = 33  # columns of an action's name and ID in a list


def print_catalog(out: Screen, catalog: Sequence[Facts]) -> None:
    """Each action's name and ID beside what it does."""
    room = max(out.width - HEAD - 1, 30)
    for entry in catalog:
        texts = textwrap.wrap(one_line(entry["summary"]), room)
        heads = [_name(entry), Text(one_line(entry["id"]), "dim")]
        for head, text in itertools.zip_longest(heads, texts, fillvalue=""):
            gap = " " * (HEAD + 1 - len(head))
            line = Text.assemble(head, gap, text)
            line.rstrip()
            out.print(line, soft_wrap=True)


def _name(entry: Facts) -> Text:
    name = one_line(entry["name"])
    if entry["hints"]["destructive"]:
        return Text(f"{name} !", "red")
    return Text(name)


def print_action(out: Screen, manifest: Facts) -> None:
    """An action's inputs, restrictions and output."""
    head = Text.assemble((manifest["name"], "bold"), f" ({manifest['id']})")
    out.print(head.append(f"\n{manifest['description']}\n"))
    table = Table("Display key", box=box.SIMPLE, show_lines=True)
    table.add_column("What it is, and must be", overflow="fold")
    for row in manifest["inputs"]:
        table.add_row(_key(row), Text(_meaning(row)))
    out.print(table)
    out.print(Text(f"Output, for example: {json.dumps(manifest['output_example'])}"))
    needs = f"* must be given · a restricted key needs {manifest['permission']}"
    out.print(Text(f"{needs}\n{manifest['docs_url']}"))


def _key(row: Facts) -> Text:
    key = Text(row["key"], "bold")
    if row["required"]:
        key.append(" *", "not bold")
    return key.append(f"\n{row['name']}\n{row['type']}", "not bold dim")


def _meaning(row: Facts) -> str:
    restrictions = row["restrictions"] or ""
    said = restrictions.lower()
    further = [rule for rule in row["rules"] if rule.lower() not in said]
    example = json.dumps(row["example"], ensure_ascii=False)
    lines = [row["description"], restrictions, *further, f"Example: {example}"]
    return "\n".join(line for line in lines if line)


def print_output(out: Screen, result: "Result") -> None:
    """Stripe's object, without its secrets."""
    text = as_json(result.as_dict()["output"], pretty=True)
    out.print(JSONHighlighter()(text), soft_wrap=True)


def print_step(out: Screen, name: str, result: "Result") -> None:
    """What a step answered, on one line if it fits; IDs and links are never broken."""
    output = result.as_dict()["output"]
    facts = _facts(output)
    if result.attempts > 1:
        facts += f" ({result.attempts} attempts)"
    if out.width >= WIDE:
        name = f"{name:<43}"
    fits = len(name) + len(facts) + 4 <= out.width
    text = f"{name} {facts}" if fits else f"{name}{GAP}{facts}"
    link = one_line(str(output.get("url")))
    if link.startswith("http"):
        text += f"{GAP}{link}"
    mark = "↺" if result.replayed else "✓"
    out.say(text, f"[green]{mark}[/] ")


def _facts(output: Facts) -> str:
    """The words that tell one object from another."""
    if output.get("object") != "list":
        words = [output.get("id"), output.get("status")]
        return one_line(" ".join(str(word) for word in words if word))
    items = output["data"]
    names = ", ".join(map(_name_of, items))
    return one_line(f"{len(items)} found: {names}")[:LONGEST]


def _name_of(item: Facts) -> str:
    return str(item.get("description") or item.get("id"))


def about(result: "Result", *, told: bool) -> str:
    """What is beside the object; `told`: that it is the emulator's has been said already."""
    facts: list[str] = []
    if result.mode == "emulated" and not told:
        facts.append(EMULATED)
    if result.request_id:
        facts.append(f"request {result.request_id}")
    if result.note:
        facts.append(result.note)
    elif result.replayed:
        facts.append("replayed: nothing was executed again")
    if result.attempts > 1:
        facts.append(f"{result.attempts} attempts")
    text = " · ".join(facts)
    return one_line(masked(text))


def print_start(err: Screen, file: str, steps: Steps, run: "Run") -> None:
    """What is about to run, and whether it goes on."""
    known = "known" if run.known else "new"
    many = "1 step" if len(steps) == 1 else f"{len(steps)} steps"
    line = Text(file, "bold")
    line.append(f": {many}, {known} run ID {run.run_id}", "not bold")
    err.print(line, soft_wrap=True)


def print_faults(out: Screen, orders: Sequence[Facts]) -> None:
    """Each fault on order, for which requests, and how often it has struck."""
    for order in orders:
        limits = [order["method"], order["path"]]
        what = " ".join(filter(None, limits)) or "any request"
        left = "always" if order["left"] is None else f"{order['left']} left"
        out.say(f"{order['kind']:<14} {what} · {left} · struck {order['hits']} times")


def print_installed(out: Screen, report: Facts) -> None:
    """What is installed, what of it cannot be used, and where the state is kept."""
    out.say(f"{report['actions']} actions")
    out.say(f"state: {report['home']}")
    for problem in report["problems"]:
        text = "{distribution} › {name}: {reason}".format(**problem)
        out.say(one_line(text), "[red]✗[/] ")


def print_account(out: Screen, report: Facts) -> None:
    """Which account it is, and what its key may read."""
    if report["address"]:
        out.say(f"address: {report['address']}")
    own = "the one of the key" if report["address"] else "the emulator's own"
    out.say(f"account: {report['account'] or own}")
    for name, found in report["permissions"].items():
        mark = "[green]✓[/] " if found == "ok" else "[red]✗[/] "
        out.say(one_line(f"{name}: {found}"), mark)

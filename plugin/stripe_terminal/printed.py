"""What do people read of a catalog, an action, a result, an account?"""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from rich import box
from rich.highlighter import JSONHighlighter
from rich.table import Table
from rich.text import Text

from stripe_plugin.host.rows import labelled
from stripe_plugin.secrets import masked
from stripe_terminal.screen import EMULATED, RIGHT, WARNING, WRONG, Screen, as_json, one_line

if TYPE_CHECKING:
    from stripe_flow.run import Run
    from stripe_plugin.run.result import Result

NOT_TRIED = "not tried"  # what may be read is asked by a list; nothing else is
PLUGIN = "plugin {name} ({distribution} {version}, {entry_point})"
PROBLEM = "{distribution} › {name}: {reason}"
Facts = Mapping[str, Any]
Steps = Sequence[Any]
WIDE = 100  # columns from which the answers of a flow stand below one another
LONGEST = 60  # characters of what a list holds
MARK = 3  # columns that a mark takes, and the last one
CUT = "secret_…"  # what is left of a client secret that is shown or kept
IS_CUT = "A client secret in it is cut: --client-secret shows it whole."
NOT_KEPT = "A client secret is not kept with a run: retrieve the object with --client-secret."
GAP = "\n" + " " * 13
HEAD = 34  # columns of an action's name and ID in a list
NARROW = 30  # columns that its summary has, however narrow the screen


def print_catalog(out: Screen, catalog: Sequence[Facts]) -> None:
    """Each action's name and ID beside what it does."""
    room = out.width - HEAD
    for entry in catalog:
        for line in _entry(entry, room):
            out.print(line, soft_wrap=True)


def _entry(entry: Facts, room: int) -> Iterator[Text]:
    """Name and ID below one another, beside the summary in as many lines as it takes."""
    mark = "Recipe. " if entry["recipe"] else ""
    summary = mark + one_line(entry["summary"])
    texts = textwrap.wrap(summary, max(room, NARROW))
    heads = [_name(entry), _identity(entry)]
    for head, text in zip_longest(heads, texts, fillvalue=""):
        gap = HEAD - len(head)
        line = Text.assemble(head, " " * gap, text)
        line.rstrip()
        yield line


def _identity(entry: Facts) -> Text:
    identity = one_line(entry["id"])
    return Text(identity, "dim")


def _name(entry: Facts) -> Text:
    name = one_line(entry["name"])
    if entry["hints"]["destructive"]:
        return Text(f"{name} !", "red")
    return Text(name)


def print_action(out: Screen, manifest: Facts) -> None:
    """An action's inputs, restrictions and outputs."""
    head = Text(manifest["name"], "bold")
    head.append(f" ({manifest['id']})", "not bold")
    out.print(head)
    out.print(Text(manifest["description"]))
    out.print()
    out.print(_inputs(manifest["inputs"]))
    for line in _below(manifest):
        out.print(Text(line))
    if outputs := manifest.get("outputs"):
        out.print(_outputs(outputs))


def print_options(out: Screen, options: Facts) -> None:
    """What may be said of every run, as this terminal takes it."""
    out.print(Text("Options of the run", "bold"))
    rows = [{**row, "name": _flag(row["name"])} for row in options["inputs"]]
    out.print(_inputs(rows))


def _flag(name: str) -> str:
    dashed = name.replace("_", "-")
    return f"--{dashed}"


def _inputs(rows: Sequence[Facts]) -> Table:
    table = Table(box=box.SIMPLE, show_lines=True)
    table.add_column("Display key")
    table.add_column("What it is, and must be", overflow="fold")
    for label, row in labelled(rows):
        key = _key(label, row)
        meaning = Text(_meaning(row))
        table.add_row(key, meaning)
    return table


def _below(manifest: Facts) -> Iterator[str]:
    permission = manifest["permission"]
    needs = f" · a restricted key needs {permission}" if permission else ""
    yield f"* must be given{needs}"
    yield manifest["docs_url"]


def _outputs(outputs: Sequence[Facts]) -> Table:
    """What a later step can take of the answer."""
    table = Table(box=box.SIMPLE)
    table.add_column("Of its output")
    table.add_column("Path", overflow="fold")
    table.add_column("What it is", overflow="fold")
    for output in outputs:
        facts = [output["type"], output["unit"]]
        known = ", ".join(filter(None, facts))
        label = Text(output["label"], "bold")
        path = Text(output["path"])
        table.add_row(label, path, Text(known))
    return table


def _key(label: str, row: Facts) -> Text:
    key = Text(label, "bold")
    if row["required"]:
        key.append(" *", "not bold")
    return key.append(f"\n{row['name']}\n{row['type']}", "not bold dim")


def _meaning(row: Facts) -> str:
    example = json.dumps(row["example"], ensure_ascii=False)
    lines = [row["description"], *row["rules"], f"Example: {example}"]
    return "\n".join(lines)


def print_output(out: Screen, result: "Result", *, whole: bool = False) -> None:
    """Stripe's object, without its secrets unless it is asked for whole."""
    shown = result.output if whole else result.as_dict()["output"]
    text = as_json(shown, pretty=True)
    highlighted = JSONHighlighter()(text)
    out.print(highlighted, soft_wrap=True)


def print_step(out: Screen, name: str, result: "Result") -> None:
    """What a step answered, on one line if it fits; IDs and links are never broken."""
    shown = result.as_dict()
    output = shown["output"]
    facts = _facts(output)
    if result.attempts > 1:
        facts += f" ({result.attempts} attempts)"
    if out.width >= WIDE:
        name = f"{name:<43}"
    text = f"{name} {facts}"
    if len(text) + MARK > out.width:
        text = f"{name}{GAP}{facts}"
    if result.note:
        text += f"{GAP}{one_line(result.note)}"
    text += _link(output)
    mark = "↺" if result.replayed else "✓"
    out.say(text, f"[green]{mark}[/] ")


def _link(output: Facts) -> str:
    """On a line of its own, if there is one to open."""
    url = str(output.get("url"))
    if not url.startswith("http"):
        return ""
    return f"{GAP}{one_line(url)}"


def _facts(output: Facts) -> str:
    """The words that tell one object from another."""
    if output.get("object") == "list":
        found = _found(output["data"])
        return found[:LONGEST]
    words = [output.get("id"), output.get("status")]
    known = map(str, filter(None, words))
    return one_line(" ".join(known))


def _found(items: Sequence[Facts]) -> str:
    if not items:
        return "0 found"
    names = ", ".join(map(_name_of, items))
    return one_line(f"{len(items)} found: {names}")


def _name_of(item: Facts) -> str:
    name = item.get("description")
    return str(name or item.get("id"))


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


def about_secret(result: "Result", *, whole: bool) -> str:
    """What to do for a client secret that is cut."""
    if CUT in as_json(result.output, pretty=True):
        return NOT_KEPT
    shown = as_json(result.as_dict()["output"], pretty=True)
    return IS_CUT if CUT in shown and not whole else ""


def print_start(err: Screen, file: str, steps: Steps, run: "Run") -> None:
    """What is about to run, and whether it goes on."""
    known = "known" if run.known else "new"
    many = "1 step" if len(steps) == 1 else f"{len(steps)} steps"
    line = Text(file, "bold")
    line.append(f": {many}, {known} run ID {run.run_id}", "not bold")
    err.print(line, soft_wrap=True)


def print_start_on(err: Screen, file: str, engine: str, run_id: str) -> None:
    """What is about to run, and on what."""
    err.print(Text.assemble((file, "bold"), f" on {engine}, run ID {run_id}"), soft_wrap=True)


def print_faults(out: Screen, orders: Sequence[Facts]) -> None:
    """Each fault on order, for which requests, and how often it has struck."""
    for order in orders:
        limits = [order["method"], order["path"]]
        requests = " ".join(filter(None, limits))
        left = "always"
        if order["left"] is not None:
            left = f"{order['left']} left"
        struck = f"struck {order['hits']} times"
        what = f"{order['kind']:<14} {requests or 'any request'}"
        out.say(f"{what} · {left} · {struck}")


def print_installed(out: Screen, report: Facts) -> None:
    """What is installed, what of it cannot be used or looks wrong, and where the state is kept."""
    out.say("stripe-nodes {version}, Python {python}, Stripe {api_version}".format(**report))
    out.say(f"{report['actions']} actions")
    for line in _plugins(report):
        out.say(one_line(line))
    for problem in report["problems"]:
        text = PROBLEM.format(**problem)
        out.say(one_line(text), WRONG)
    for warning in report["warnings"]:
        text = PROBLEM.format(**warning)
        out.say(one_line(text), WARNING)
    if report["home"]:
        out.say(f"state: {report['home']}")
    else:
        out.tell(report["home_problem"], WRONG)


def _plugins(report: Facts) -> Iterator[str]:
    """Which are loaded, from where, and which names are kept out or must be there."""
    for plugin in report["plugins"]:
        yield PLUGIN.format(**plugin)
    for word in ("blocked", "required"):
        if report[word]:
            yield f"{word}: {', '.join(report[word])}"


def print_account(out: Screen, report: Facts) -> None:
    """Which account it is, how it is reached, and what its key may do."""
    out.say(f"mode: {report['mode']}")
    own = "the emulator's own"
    if report["file"]:
        out.say(one_line(f"emulator: {report['file']}"))
    if report["address"]:
        own = "the one of the key"
        proxy = report["proxy"] or "none"
        out.say(one_line(f"address: {report['address']}, proxy: {proxy}"))
    out.say(f"account: {report['account'] or own}")
    untried: list[str] = []
    for name, found in report["permissions"].items():
        if found.startswith(NOT_TRIED):
            untried.append(name)
        else:
            text = one_line(f"{name}: {found}")
            out.say(text, RIGHT if found == "ok" else WRONG)
    if untried:
        out.say(one_line(f"{NOT_TRIED}: {', '.join(untried)}"))

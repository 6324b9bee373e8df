"""What the exported node of n8n has of the actions: each row, and nothing that would be sent."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import REPOSITORY
from terminal_support import Terminal

from stripe_hosts.export import TARGETS, files_of, written
from stripe_hosts.export.package import Package
from stripe_nodes.resources import PRODUCT
from stripe_plugin import (
    Action,
    Connection,
    Host,
    One,
    UsageError,
    action,
    hookimpl,
    optional,
    required,
)

HOST = Host.load()
FILES = files_of("n8n", HOST)
DERIVED: dict[str, Any] = json.loads(FILES["dist/derived.json"])
Data = dict[str, Any]
NOTHING_CHOSEN = {"__rl": True, "mode": "list", "value": ""}
BRIDGE = REPOSITORY / "plugin" / "stripe_hosts" / "export"


def shown(derived: Data, operation: str) -> list[Data]:
    """The parameters that n8n shows of one action."""
    found: list[Data] = []
    for each in derived["properties"]:
        when = each.get("displayOptions", {}).get("show", {})
        if when.get("operation") == [operation]:
            found.append(each)
    return found


def fields_of(parameters: list[Data]) -> list[Data]:
    """The rows among them, those that are added too."""
    found: list[Data] = []
    for each in parameters:
        found += each["options"] if each["type"] == "collection" else [each]
    return found


def inside(field: Data) -> list[Data]:
    """The fields of a group."""
    return field["options"][0]["values"] if field["type"] == "fixedCollection" else []


def all_of(fields: list[Data]) -> Iterator[Data]:
    """Fields, and those inside of them."""
    for field in fields:
        yield field
        yield from all_of(inside(field))


def keys(rows: list[Data]) -> list[Any]:
    """The display keys of a manifest's rows, each with those inside of it."""
    return sorted((row["key"], keys(row.get("fields", []))) for row in rows)


def drawn(fields: list[Data]) -> list[Any]:
    """The same of parameters; what a person makes keys up for has none."""
    return sorted(
        (field["displayName"], [] if is_map(field) else drawn(inside(field))) for field in fields
    )


def is_map(field: Data) -> bool:
    """Whether its keys are made up."""
    names = [group["name"] for group in field.get("options", [])]
    return names == ["pairsOf"]


@pytest.mark.parametrize("entry", HOST.catalog(), ids=lambda entry: entry["id"])
def test_a_row_is_a_parameter(entry: Data) -> None:
    """Each row of an action is drawn, also inside of others; what may be needed is at the top."""
    parameters = shown(DERIVED, entry["id"])
    rows = HOST.manifest(entry["id"])["inputs"]
    assert drawn(fields_of(parameters)) == keys(rows)
    at_the_top = [each["displayName"] for each in parameters if each["type"] != "collection"]
    assert at_the_top == [row["key"] for row in rows if row["presence"] != "optional"]


def test_what_a_picker_is_called_is_what_the_host_lists() -> None:
    """Each row that takes an ID of something listed is a picker, and the host knows its place."""
    connection = Connection.emulator()
    found: set[tuple[str, str]] = set()
    for entry in HOST.catalog():
        for field in all_of(fields_of(shown(DERIVED, entry["id"]))):
            if field["type"] == "resourceLocator":
                listed, typed = field["modes"]
                assert (listed["type"], typed["type"]) == ("list", "string")
                found.add((entry["id"], listed["typeOptions"]["searchListMethod"]))
    assert {("create_price", "Product"), ("create_subscription", "Items › Price")} <= found
    for action_id, place in sorted(found):
        assert HOST.choices(action_id, place, connection=connection).items == ()


def test_nothing_is_there_before_it_is_typed() -> None:
    """No row has a default that would be sent: a number is text, a boolean may be not set."""
    ours = [each for each in DERIVED["properties"] if each["name"] not in ("resource", "operation")]
    for field in all_of(fields_of(ours)):
        assert field["default"] in ("", [], {}, NOTHING_CHOSEN), field
        assert field["type"] not in ("boolean", "number"), field
        if field["type"] == "options":
            first, *others = field["options"]
            assert first == {"name": "Not Set", "value": ""}
            assert others


def test_an_export_is_the_same_each_time() -> None:
    """The same actions make the same files, byte for byte."""
    assert files_of("n8n", Host.load()) == FILES


def test_the_bridge_knows_no_action() -> None:
    """No action and no resource is named in what makes the node, or is copied into it."""
    names = {entry["id"] for entry in HOST.catalog()} | {
        entry["resource"] for entry in HOST.catalog()
    }
    sources = [BRIDGE / "n8n.py", BRIDGE / "rows.py", *(BRIDGE / "n8n").rglob("*.js*")]
    for source in sources:
        words = set(re.findall(r"[a-z_.]+", source.read_text("utf-8")))
        assert not words & names, source


@action("POST /v1/products", PRODUCT, answers=One(name="Box"))
class MakeBox(Action):
    """Make a box."""

    resource: str = required("Resource", "wood", "What it is of")
    operation: str | None = optional("Operation", "saw", "What is done")


class Boxes:
    """A plugin with an action of its own."""

    @hookimpl
    def register_actions(self) -> list[type[Action]]:
        """Its action."""
        return [MakeBox]


def test_a_row_may_be_called_like_a_parameter_of_n8n() -> None:
    """An action of another package is drawn too; its `resource` does not choose the resource."""
    host = Host.load()
    host.register(Boxes(), "boxes")
    derived = json.loads(files_of("n8n", host)["dist/derived.json"])
    first, more, *_ = shown(derived, "make_box")
    assert (first["name"], first["routing"]["send"]["property"]) == ("resource_", "inputs.resource")
    [second] = more["options"]
    assert second["routing"]["send"]["property"] == "inputs.operation"


def test_a_credential_is_tried_by_what_its_key_may_do() -> None:
    """n8n fails on a key that is refused, and for each permission of an action in its own words."""
    described = json.loads(FILES["dist/credential.json"])["test"]
    assert described["request"]["url"] == "/check"
    rules = [each["properties"] for each in described["rules"]]
    told = {each["key"]: each["value"] for each in rules if "key" in each}
    assert told == {"reachable": False, "refused": True}
    assert DERIVED["permissions"] == HOST.permissions()


def test_the_package_has_what_it_names() -> None:
    """The files that package.json and the icons name are there, in the version of ours."""
    package = json.loads(FILES["package.json"])
    assert package["version"] == HOST.about()["version"]
    for name in (*package["n8n"]["nodes"], *package["n8n"]["credentials"]):
        assert name in FILES
    for described in ("node", "credential"):
        icon = json.loads(FILES[f"dist/{described}.json"])["icon"]
        for file in icon.values():
            assert file.replace("file:..", "dist") in FILES


def test_a_package_is_its_publishers(tmp_path: Path) -> None:
    """Without an author it is private; with one it is called as its publisher says."""
    assert json.loads(FILES["package.json"])["private"]
    words = "--name @shop/n8n-nodes-pay --repository https://git.shop.example/pay.git".split()
    author = ("--author", "Jenny Rosen <jenny@shop.example>")
    Terminal(tmp_path)("export", "n8n", str(tmp_path / "made"), *words, *author)
    made = json.loads((tmp_path / "made" / "package.json").read_text("utf-8"))
    assert "private" not in made
    assert made["name"] == "@shop/n8n-nodes-pay"
    assert made["author"] == {"name": "Jenny Rosen", "email": "jenny@shop.example"}
    assert made["homepage"] == "https://git.shop.example/pay#readme"
    assert made["repository"] == {"type": "git", "url": "https://git.shop.example/pay.git"}


@pytest.mark.parametrize(
    ("target", "wrong", "told"),
    [
        ("n8n", {"name": "Pay Now"}, "no name that npm takes"),
        ("n8n", {"name": "pay"}, "only packages that are called n8n-nodes-"),
        ("n8n", {"author": "jenny@shop.example"}, "is not written as in 'Jenny"),
        ("node-red", {"repository": "git@shop.example:pay"}, "begins with https"),
        ("langflow", {"author": "Jenny Rosen <jenny@shop.example>"}, "leave it out"),
    ],
)
def test_what_npm_would_not_take_is_refused(target: str, wrong: Data, told: str) -> None:
    """In a sentence that names the option, before anything is written."""
    with pytest.raises(UsageError, match=told) as refused:
        files_of(target, HOST, Package(**wrong))
    assert f"--{next(iter(wrong))}" in str(refused.value)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    """An export overwrites nothing, unless that is said; what else is there stays."""
    run = Terminal(tmp_path)
    folder = tmp_path / "node"
    assert str(folder / "package.json") in run("export", "n8n", str(folder)).stdout
    (folder / "mine.txt").write_text("mine", "utf-8")
    (folder / "package.json").write_text("{}", "utf-8")
    assert "is not empty" in run("export", "n8n", str(folder), code=2).stderr
    assert (folder / "package.json").read_text("utf-8") == "{}"
    told = json.loads(run("export", "n8n", str(folder), "--replace", "--json").stdout)
    assert (told["target"], len(told["files"])) == ("n8n", len(FILES))
    assert (folder / "package.json").read_text("utf-8") == FILES["package.json"]
    assert (folder / "mine.txt").is_file()


def test_the_command_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the README has people type makes the folder that they are then told to install."""
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    found = re.search(
        r"^\$ stripe-nodes (export n8n (\S+))\n\$ npm install .* (\S+)$", readme, re.MULTILINE
    )
    assert found is not None
    monkeypatch.chdir(tmp_path)
    Terminal(tmp_path)(*found[1].split())
    assert (tmp_path / found[3] / "package.json").is_file()


def test_an_unknown_target_is_named(tmp_path: Path) -> None:
    """What there is no export for is refused with what there is; so is a folder that is a file."""
    with pytest.raises(UsageError, match=r"no export for .* \(did you mean n8n\?\)") as refused:
        files_of("n9n", HOST)
    assert all(target in str(refused.value) for target in TARGETS)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UsageError, match="cannot be written: Not a directory"):
        written(FILES, file)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    """What --replace writes stays in the folder: a file of somebody else's is left alone."""
    foreign, folder = tmp_path / "foreign", tmp_path / "folder"
    foreign.write_text("theirs")
    folder.mkdir()
    (folder / "README.md").symlink_to(foreign)
    with pytest.raises(UsageError, match="leads out of"):
        written({"package.json": "ours", "README.md": "ours"}, folder, replace=True)
    assert foreign.read_text() == "theirs"
    assert not (folder / "package.json").exists()

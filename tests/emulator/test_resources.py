"""A resource is a file: whoever adds one adds one file, and whoever reads one reads one."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "plugin"
PACKAGE = SOURCE / "stripe_emulator"
RESOURCES = sorted(path.stem for path in (PACKAGE / "resources").glob("[a-z]*.py"))

VALUE_LIST = '''
"""What is a value list: which values does a rule look for, and how often did it?"""

from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import does
from stripe_emulator.present import shows
from stripe_emulator.refusals import Refusal

declare(
    Resource(
        kind="radar.value_list",
        prefix="rsl_1",
        path="/v1/radar/value_lists",
        verbs="list create retrieve update delete search_in",
        own={"search_in": "times"},
        starts='created_by="a@b.example" item_type="string" _looked=0',
        echoes="alias name",
        emits="created updated deleted",
        in_path="value_list",
    )
)


@does("radar.value_list.search_in", "times")
def search_in(account, found, given):
    """Look into it so many times."""
    times = int(given.get("times", 1))
    if times < 1:
        raise Refusal("A list is looked into once at least.", param="times")
    found["_looked"] += times
    return account.change(found, given.before)


@shows("radar.value_list")
def show(account, found, view):
    """Say how often it was used."""
    view["used"] = found["_looked"] > 0
'''
USE = """
import json, sys
import stripe_emulator.resources
stripe_emulator.resources.__path__.append(sys.argv[1])
from stripe_emulator import Emulator
HEADERS = {"Authorization": "Bearer sk_test_x"}
LISTS = "/v1/radar/value_lists"
with Emulator() as emulator:
    def ask(method, target, body=b""):
        answer = emulator.answer(method, target, HEADERS, body)
        return answer.status, json.loads(answer.body)
    status, made = ask("POST", LISTS, b"alias=vips&name=Friends")
    assert status == 200 and made["object"] == "radar.value_list" and made["alias"] == "vips", made
    path = LISTS + "/" + made["id"]
    assert ask("GET", path)[1] == made and made["used"] is False
    assert ask("POST", path, b"name=Guests")[1]["name"] == "Guests"
    assert ask("POST", path + "/search_in", b"times=2")[1]["used"] is True
    assert ask("POST", path + "/search_in", b"times=0")[0] == 400
    assert [row["used"] for row in ask("GET", LISTS + "?created[gt]=9")[1]["data"]] == [True]
    assert ask("GET", LISTS + "?created[lt]=9")[1]["data"] == []
    refused = ask("POST", LISTS, b"alias=vips&name=Friends&item_type=email")
    assert refused[0] == 400 and refused[1]["error"]["type"] == "emulator_error", refused
    assert refused[1]["error"]["param"] == "item_type"
    assert ask("GET", LISTS + "/none")[1]["error"]["param"] == "value_list"
    assert ask("POST", LISTS, b"colour=red")[1]["error"]["code"] == "parameter_unknown"
    gone = {"id": made["id"], "object": "radar.value_list", "deleted": True}
    assert ask("DELETE", path)[1] == gone
    events = [event["type"] for event in ask("GET", "/v1/events")[1]["data"]]
    told = ["deleted", "updated", "updated", "created"]
    assert events == ["radar.value_list." + what for what in told]
"""


def test_one_file_adds_a_resource(tmp_path: Path) -> None:
    """A resource's fields, parameters, filters, behaviour, view and events are one file."""
    (tmp_path / "value_list.py").write_text(VALUE_LIST, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-W", "error", "-c", USE, str(tmp_path)]
    subprocess.run(command, check=True, env=environment)


def test_nothing_is_declared_over_another(tmp_path: Path) -> None:
    """A second file for a kind is an error that says so."""
    text = VALUE_LIST.replace('kind="radar.value_list"', 'kind="refund"')
    (tmp_path / "zz_second.py").write_text(text, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-c", USE, str(tmp_path)]
    ended = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert ended.returncode != 0
    assert "'refund' is declared already" in ended.stderr.splitlines()[-1]


def imports(path: Path) -> set[str]:
    """The modules of the emulator that a file imports when it is imported."""
    found: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stripe_emulator"):
            inner = [f"{node.module}.{name.name}" for name in node.names]
            found |= {node.module or "", *inner}
    return {name.removeprefix("stripe_emulator.") for name in found}


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_the_machinery_knows_no_resource(path: Path) -> None:
    """Only the emulator loads the folder, as a whole; nothing else imports a file of it."""
    named = {name for name in imports(path) if name.startswith("resources")}
    assert named <= ({"resources"} if path.stem == "emulator" else set())


@pytest.mark.parametrize("name", RESOURCES)
def test_resources_know_no_door(name: str) -> None:
    """A resource is the same however it is reached: it imports nothing that answers requests."""
    doors = {"emulator", "server", "lines", "transport", "control", "pay", "access", "replays"}
    assert imports(PACKAGE / "resources" / f"{name}.py").isdisjoint(doors)


def test_no_import_turns_in_a_circle() -> None:
    """The files of the emulator import each other in one direction."""
    files = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): imports(path)
        for path in PACKAGE.rglob("[a-z]*.py")
    }
    while files:
        free = {name for name, needed in files.items() if not needed & files.keys()}
        assert free, files
        files = {name: needed for name, needed in files.items() if name not in free}

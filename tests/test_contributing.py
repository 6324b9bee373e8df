"""CONTRIBUTING is right: what it says of a new action and a new resource is done, and works."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from support import ACTIONS, REFERENCE, REPOSITORY
from terminal_support import Counted, Terminal, install

from stripe_plugin import Host, InvalidInputs, StripeError
from stripe_plugin.host.example import A_TIME

TEXT = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8")
FILES = dict(re.findall(r"```\w+\n# (\S+)\n(.*?)```", TEXT, re.DOTALL))
POINTS = FILES.pop("pyproject.toml").replace('[project.entry-points."stripe_plugin.v1"]', "")
POINTS = "[stripe_plugin.v1]" + POINTS.replace('"', "")
ADDED = ["list_plans", "create_plan", "delete_plan"]
PERIOD = {"Currency": "usd", "Interval": "month"}
MONTHLY: dict[str, Any] = {**PERIOD, "Exact Amount": 12.5}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the package that CONTRIBUTING describes, installed."""
    install(tmp_path, "acme-plans", POINTS, FILES)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("acme_plans", None)


@pytest.fixture
def host(site: Path) -> Host:
    """A host that finds it."""
    assert (site / "acme_plans").is_dir()
    return Host.load()


def test_its_actions_are_listed_beside_ours(host: Host) -> None:
    """Discovery finds the actions, with all that a picker shows, and ours stay as they are."""
    listed = {entry["id"]: entry for entry in host.catalog()}
    assert not host.problems
    assert [*listed] == [*ACTIONS, *ADDED]
    assert listed["delete_plan"]["plugin"] == "acme-plans"
    assert listed["delete_plan"]["resource"] == "plan"
    assert listed["delete_plan"]["hints"] == {
        "read_only": False,
        "destructive": True,
        "idempotent": True,
    }


def test_its_manifests_are_valid(host: Host) -> None:
    """Each is described by a manifest that is valid by the published schema."""
    folder = REPOSITORY / "manifests" / "stripe_manifests"
    validator = Draft202012Validator(json.loads((folder / "manifest.schema.json").read_text()))
    for name in ADDED:
        about = json.loads(json.dumps(host.manifest(name)))
        assert [error.message for error in validator.iter_errors(about)] == []
    about = host.manifest("delete_plan")
    assert about["docs_url"] == "https://docs.stripe.com/api/plans/delete"
    assert about["permission"] == "Plans: Write"
    assert about["output_example"] == {"id": "123", "object": "plan", "deleted": True}
    offered = {it["path"]: it["unit"] for it in host.manifest("create_plan")["outputs"]}
    assert offered == {"id": None, "amount_decimal": None, "created": "unix seconds"}
    example = host.manifest("create_plan")["output_example"]
    assert (example["amount"], example["nickname"], example["created"]) == (500, "Gold", A_TIME)
    [row] = about["inputs"]
    wanted = {"resource": "plan", "prefix": None, "listed_by": "list_plans"}
    assert row["reference"] == {**wanted, "label": "{nickname}", "depends_on": []}


def test_its_inputs_are_judged(host: Host) -> None:
    """Conditions and types hold as in any other table, and are told under the display keys."""
    with pytest.raises(InvalidInputs) as caught:
        host.action("create_plan").read({**PERIOD, "Usage Type": "metered", "Limit": 5})
    assert list(caught.value.problems) == ["Limit", "Amount", "Meter"]
    request = host.action("create_plan").read(MONTHLY).request()
    assert request.params == (
        ("currency", "usd"),
        ("interval", "month"),
        ("amount_decimal", "12.5"),
    )


def test_it_is_run(host: Host) -> None:
    """It is sent where it says; the emulator, which has no plans, says so and not as Stripe."""
    with Counted() as emulator, pytest.raises(StripeError) as caught:
        host.run("create_plan", MONTHLY, connection=emulator.connection())
    assert emulator.asked == ["POST /v1/plans"]
    assert (caught.value.status, caught.value.action) == (400, "create_plan")
    assert caught.value.type == "emulator_error"
    assert "the emulator does not simulate POST /v1/plans" in str(caught.value)


def test_the_terminal_has_it(site: Path) -> None:
    """The terminal lists and describes it without being told."""
    terminal = Terminal(site, PYTHONPATH=str(site))
    assert "delete_plan" in terminal("list", "--json").stdout
    assert "Plan ID" in terminal("describe", "delete_plan").stdout


# Makes the new actions ours before anything is collected.
TOGETHER = f"""
import sys
sys.path.insert(0, {str(REPOSITORY / "tests")!r})
import acme_plans, stripe_nodes, support
both = [*support.ACTIONS.values(), *acme_plans.register_actions()]
stripe_nodes.actions = lambda: iter(both)
support.REFERENCE = __import__("pathlib").Path({str(REFERENCE)!r})
support.ACTIONS.update({{each.spec.id: each for each in both}})
support.BY_NAME.update({{each.spec.name: each for each in both}})
"""
# Those that compare with the files and the package that ours are shipped in.
SHIPPED = "stale or imported_by_name"


def test_every_check_of_ours_passes_for_it(site: Path) -> None:
    """The checks of every action (types, document, samples, schemas) pass for the new ones, too."""
    (site / "together.py").write_text(TOGETHER, "utf-8")
    files = ("test_actions.py", "test_contract.py", "test_manifests.py", "test_restrictions.py")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "together", "-p", "no:cacheprovider"),
            *("-k", f"plan and not ({SHIPPED})"),
            *(str(REPOSITORY / "tests" / file) for file in files),
        ],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert re.search(r"\b[1-9]\d* passed", done.stdout), done.stdout[-3000:]

"""What the exports for Langflow and Node-RED have of the actions, and know of none by itself."""

import ast
import json
import py_compile
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import ACTIONS, REPOSITORY
from terminal_support import Terminal

from stripe_hosts.export import files_of
from stripe_nodes.resources import PRODUCT
from stripe_plugin import Action, Host, action, hookimpl, optional

HOST = Host.load()
EXPORTS = REPOSITORY / "plugin" / "stripe_hosts" / "export"
BRIDGES = {"langflow": "langflow", "node-red": "node_red"}
COMPONENTS = "stripe_langflow/components/stripe/"


def bridge(target: str) -> Iterator[Path]:
    """The files that make the nodes of a host."""
    yield EXPORTS / f"{BRIDGES[target]}.py"
    for file in (EXPORTS / BRIDGES[target]).rglob("*"):
        if file.is_file() and file.suffix != ".pyc":
            yield file


@pytest.mark.parametrize("target", BRIDGES)
def test_an_export_is_the_same_again(target: str) -> None:
    """Of the same host, the same files come, in the same order."""
    assert [*files_of(target, HOST).items()] == [*files_of(target, Host.load()).items()]


@pytest.mark.parametrize("target", BRIDGES)
def test_a_bridge_knows_no_action(target: str) -> None:
    """What makes the nodes names no action, so that those of any package are as good as ours."""
    words = {word for file in bridge(target) for word in re.findall(r"\w+", file.read_text())}
    assert not words & {*ACTIONS}
    assert not words & {cls.__name__ for cls in ACTIONS.values()}


@pytest.mark.parametrize("target", BRIDGES)
def test_a_bridge_is_short(target: str) -> None:
    """Each file of code of a bridge is read in one go."""
    for file in bridge(target):
        lines = file.read_text("utf-8").splitlines()
        assert len([line for line in lines if line.strip()]) < 150, file


def test_langflow_has_a_component_for_each_action() -> None:
    """Each is a file that runs its action, under our name and words."""
    made = files_of("langflow", HOST)
    found = {path.removeprefix(COMPONENTS): text for path, text in made.items()}
    for name, cls in ACTIONS.items():
        [component] = [
            it for it in ast.parse(found[f"{name}.py"]).body if isinstance(it, ast.ClassDef)
        ]
        told = {
            it.targets[0].id: it.value.value
            for it in component.body
            if isinstance(it, ast.Assign)
            and isinstance(it.targets[0], ast.Name)
            and isinstance(it.value, ast.Constant)
        }
        assert (told["action"], told["display_name"]) == (name, cls.spec.name)
        assert told["description"] == HOST.manifest(name)["description"]
        assert told["documentation"] == HOST.manifest(name)["docs_url"]


def test_langflow_installs_the_same_version() -> None:
    """The extension is of our version, and needs it."""
    made, version = files_of("langflow", HOST), HOST.about()["version"]
    project = tomllib.loads(made["pyproject.toml"])["project"]
    assert project["version"] == version
    assert f"stripe-nodes=={version}" in project["dependencies"]
    assert json.loads(made["stripe_langflow/extension.json"])["version"] == version


def test_what_an_installer_compiles_is_not_exported() -> None:
    """Installed files of Python lie beside what was compiled of them, which stays behind."""
    py_compile.compile(str(EXPORTS / "langflow" / "stripe_langflow" / "component.py"))
    assert not [path for path in files_of("langflow", HOST) if path.endswith(".pyc")]


def test_we_are_no_extension_ourselves() -> None:
    """Langflow takes a package with a file of this name for one; only what is exported has it."""
    assert not [*REPOSITORY.glob("plugin/**/extension.json")]


def test_words_of_any_package_stay_words() -> None:
    """Quotes, breaks and dollars in somebody's words are text in what is exported, too."""

    @action("GET /v1/products", PRODUCT)
    class ListOddly(Action):
        r"""List "oddly" \n ${of} '''all''' sorts."""

        limit: int | None = optional("Limit", 10, "How many")

    class Plugin:
        @hookimpl
        def register_actions(self) -> list[type[Action]]:
            return [ListOddly]

    host = Host.load()
    host.register(Plugin(), "oddities")
    text = files_of("langflow", host)[f"{COMPONENTS}list_oddly.py"]
    described = [line for line in text.splitlines() if line.startswith("    description = ")]
    expected = ListOddly.__doc__
    assert [ast.literal_eval(line.partition("= ")[2]) for line in described] == [expected]


def test_node_red_asks_for_the_manifests_it_was_made_for() -> None:
    """The package names its version, and that of the manifests that it can draw."""
    about = json.loads(files_of("node-red", HOST)["package.json"])
    assert about["version"] == HOST.about()["version"]
    assert about["stripe-nodes"] == {"manifest": HOST.about()["manifest_version"]}
    assert {*about["node-red"]["nodes"].values()} <= {*files_of("node-red", HOST)}


@pytest.mark.parametrize("target", BRIDGES)
def test_the_terminal_exports(target: str, tmp_path: Path) -> None:
    """`stripe-nodes export` writes these files, and says so."""
    told = Terminal(tmp_path)("export", target, str(tmp_path / "made"), "--json").stdout
    files = {
        Path(path).relative_to(tmp_path / "made").as_posix() for path in json.loads(told)["files"]
    }
    assert files == {*files_of(target, HOST)}

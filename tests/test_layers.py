"""Each folder imports only those above it, and the packages beside it know their place."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import REPOSITORY

PLUGIN = REPOSITORY / "plugin"
# From the top; a folder imports its own modules and those above.
FOLDERS = (
    *("fork", "secrets", "errors", "judge", "rule", "wire", "declare", "run", "client", "host"),
)
PACKAGES = {  # what each package may import of ours
    "stripe_emulator": set[str](),
    "stripe_plugin": {"stripe_emulator"},
    "stripe_otel": {"stripe_plugin"},
    "stripe_flow": {"stripe_plugin"},
    "stripe_hosts": {"stripe_plugin", "stripe_flow", "stripe_manifests", "stripe_emulator"},
    "stripe_studio": {"stripe_plugin", "stripe_flow", "stripe_hosts", "stripe_emulator"},
    "stripe_terminal": {
        *("stripe_plugin", "stripe_flow", "stripe_hosts", "stripe_studio", "stripe_emulator")
    },
    "stripe_nodes": {"stripe_plugin"},
    "stripe_manifests": set[str](),
}
OURS = set(PACKAGES)


def sources(package: str) -> Iterator[Path]:
    """The modules of a package, wherever it lives."""
    for root in ("plugin", "nodes", "manifests"):
        yield from (REPOSITORY / root / package).rglob("*.py")


def imported(file: Path) -> set[str]:
    """The modules that a file names in an import, wherever it stands in it."""
    found = set[str]()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def at_runtime(file: Path) -> set[str]:
    """Those that are imported when the module is, or when something in it is called."""
    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    found = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_packages_import_in_one_direction(package: str) -> None:
    """A package imports of ours what it may: the emulator nothing, the terminal nearly all."""
    for file in sources(package):
        ours = {name.partition(".")[0] for name in imported(file)} & OURS
        assert ours - {package} <= PACKAGES[package], file


def test_packages_are_typed() -> None:
    """Each package of ours says that it is typed: else strict checkers refuse to import it."""
    roots = [REPOSITORY / root for root in ("plugin", "nodes", "manifests")]
    packages = [file.parent for root in roots for file in root.glob("*/__init__.py")]
    assert {package.name for package in packages} == OURS
    assert [each.name for each in packages if not (each / "py.typed").is_file()] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_import_in_one_direction(folder: str) -> None:
    """Within the plugin each folder imports only itself and the ones above it."""
    home = PLUGIN / "stripe_plugin" / folder
    files = [*home.rglob("*.py")] or [home.with_suffix(".py")]
    above = FOLDERS[: FOLDERS.index(folder) + 1]
    for file in files:
        for name in at_runtime(file):
            package, _, rest = name.partition(".")
            if package == "stripe_plugin":
                assert rest.partition(".")[0] in above, f"{file} imports {name}"


def test_all_folders_are_in_the_order() -> None:
    """No folder or module of the plugin stands beside the order."""
    found = {file.stem for file in (PLUGIN / "stripe_plugin").iterdir() if file.suffix == ".py"}
    found |= {folder.parent.name for folder in (PLUGIN / "stripe_plugin").glob("*/__init__.py")}
    assert found - {"__init__"} == set(FOLDERS)

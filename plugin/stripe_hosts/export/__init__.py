"""How do the actions become nodes of a host that has its own? Files, generated from manifests."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from stripe_plugin.errors import UsageError, near
from stripe_plugin.host.host import Host
from stripe_plugin.secrets import shown

if TYPE_CHECKING:
    from stripe_hosts.export.package import Package

Files = Mapping[str, str]  # the text of each file by its path in the folder, with `/`

# The hosts that there is an export for, and the module that makes its files.
TARGETS: Mapping[str, str] = {"langflow": "langflow", "n8n": "n8n", "node-red": "node_red"}


class Target(Protocol):
    """A module of this package."""

    def files(self, host: Host, package: "Package") -> Files:
        """The same for the same host."""
        ...


def files_of(target: str, host: Host, package: "Package | None" = None) -> Files:
    """The files of a target, of a package that nobody publishes if none is given.

    Raises `UsageError` if there is no target of this name.
    """
    if target not in TARGETS:
        known = ", ".join(TARGETS)
        hint = near(target, TARGETS)
        raise UsageError(f"There is no export for {shown(target)}{hint}; there is one for {known}")
    from stripe_hosts.export.package import Package

    module = importlib.import_module(f"{__name__}.{TARGETS[target]}")
    return cast("Target", module).files(host, package or Package())


def written(files: Files, folder: Path, *, replace: bool = False) -> list[Path]:
    """Writes files into a folder. Raises `UsageError` if it has something in it already.

    `replace`: files of the same names are written anew; what else is there stays.
    """
    try:
        if not replace and folder.exists() and any(folder.iterdir()):
            text = f"{folder} is not empty: take another folder, or --replace what it has"
            raise UsageError(text)
        for name in files:
            _check_inside(folder, folder / name)
        return [_written(folder / name, files[name]) for name in files]
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"{folder} cannot be written: {why}") from error


def _check_inside(folder: Path, file: Path) -> None:
    """Refuses a link, by which a file that is somebody else's would be written."""
    if not file.resolve().is_relative_to(folder.resolve()):
        text = f"{file} is a link that leads out of {folder}: remove it, or take another folder"
        raise UsageError(text)


def _written(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8", newline="\n")
    return file

"""Which files of a target are copied as they are? Those of the folder that is called like it."""

import json
from pathlib import Path
from typing import Any

from stripe_hosts.export.package import Package

HERE = Path(__file__).parent


def copied(target: str) -> dict[str, str]:
    """The text of each file by its path in the folder, with `/`."""
    folder = HERE / target
    made: dict[str, str] = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.suffix != ".pyc":  # which installers make beside ours
            path = file.relative_to(folder)
            made[path.as_posix()] = file.read_text("utf-8")
    return made


def packaged(target: str, version: str, package: Package) -> dict[str, str]:
    """The same of a package of npm, in a version and as its publisher calls it."""
    made = copied(target)
    about = json.loads(made["package.json"])
    about["version"] = version
    filled = package.fill(about)
    made["package.json"] = as_text(filled)
    return made


def as_text(data: Any) -> str:
    """JSON as people read it in a file."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def template(target: str) -> dict[str, Any]:
    """What a target's JSON file has, which is filled in and not copied."""
    text = (HERE / f"{target}.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found

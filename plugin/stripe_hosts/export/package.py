"""Whose package is an export for npm, if it is published: its name, author and repository?"""

import re
from collections.abc import Mapping
from typing import Any

import attrs

from stripe_plugin.errors import UsageError
from stripe_plugin.secrets import shown

NAME = re.compile(r"(@[a-z0-9~-][a-z0-9._~-]*/)?(?P<bare>[a-z0-9~-][a-z0-9._~-]*)")
AUTHOR = re.compile(r"(?P<name>[^<>]*[^<> ]) <(?P<email>[^<>@\s]+@[^<>@\s]+)>")
ADDRESS = re.compile(r"(git\+)?https://\S+")

BAD_NAME = "--name: {given} is no name that npm takes: small letters, digits, - and _ ({example})"
PREFIX = "--name: n8n loads only packages that are called n8n-nodes-…, as in {example}, not {given}"
BAD_AUTHOR = "--author: {given} is not written as in 'Jenny Rosen <jenny@shop.example>'"
BAD_ADDRESS = "--repository: {given} is no address that begins with https://"
N8N = "n8n-nodes-"


@attrs.frozen
class Package:
    """What only the publisher knows; as `package.json` has it. Raises `UsageError` if wrong."""

    name: str | None = None
    author: str | None = None  # Name <address>
    repository: str | None = None  # of git

    @property
    def given(self) -> list[str]:
        """What is given."""
        fields = attrs.asdict(self)
        return [name for name in fields if fields[name] is not None]

    def fill(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """A `package.json` with it; without an author nobody publishes it by mistake."""
        filled = {**about}
        if self.name is not None:
            filled["name"] = _name(self.name, about["name"])
        if self.author is not None:
            filled["author"] = _matched(AUTHOR, self.author, BAD_AUTHOR).groupdict()
        else:
            filled["private"] = True
        if self.repository is not None:
            _matched(ADDRESS, self.repository, BAD_ADDRESS)
            filled["repository"] = {"type": "git", "url": self.repository}
            page = self.repository.removeprefix("git+").removesuffix(".git")
            filled["homepage"] = f"{page}#readme"  # as npm itself makes it of a repository
        return filled


def _name(given: str, example: str) -> str:
    bare = _matched(NAME, given, BAD_NAME, example=example)["bare"]
    if example.startswith(N8N) and not bare.startswith(N8N):
        raise UsageError(PREFIX.format(given=shown(given), example=example))
    return given


def _matched(pattern: re.Pattern[str], given: str, wrong: str, **more: str) -> re.Match[str]:
    found = pattern.fullmatch(given)
    if found is None:
        raise UsageError(wrong.format(given=shown(given), **more))
    return found

"""What is offered at the doors: which actions, on whose accounts?"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any

import attrs

from stripe_hosts.accounts import Accounts
from stripe_plugin.errors import UsageError, near
from stripe_plugin.host.checking import Checked
from stripe_plugin.host.host import Host
from stripe_plugin.host.manifest import describe_resources
from stripe_plugin.secrets import shown

Entry = dict[str, Any]
NOTHING_LEFT = "Nothing is offered: no action is left of what was chosen"


class NotOffered(UsageError):
    """An action that is not installed, or not among those chosen."""

    http_status = 404


@attrs.frozen(kw_only=True)
class Offer:
    """What the doors share. Raises `UsageError` for a choice that nothing is left of."""

    host: Host
    accounts: Accounts
    only: Sequence[str] = ()  # IDs of actions, or of resources for all of theirs; globs; none: all
    read_only: bool = False  # only what changes nothing
    client_secrets: bool = False  # models, too, are given them whole

    def __attrs_post_init__(self) -> None:
        known = {*chain.from_iterable(map(_names, self.host.catalog()))}
        for word in self.only:
            if not any(fnmatchcase(name, word) for name in known):
                hint = near(word, known)
                raise UsageError(f"There is no action or resource {shown(word)}{hint}")
        if not self.catalog():
            raise UsageError(NOTHING_LEFT)

    def catalog(self) -> list[Entry]:
        """The entries of `Host.catalog` that are offered."""
        return [entry for entry in self.host.catalog() if self._has(entry)]

    def _has(self, entry: Entry) -> bool:
        if self.read_only and not entry["hints"]["read_only"]:
            return False
        return not self.only or any(_matches(word, entry) for word in self.only)

    def entry(self, action_id: str) -> Entry:
        """The entry of an action. Raises `NotOffered` if it is none of these."""
        offered = {entry["id"]: entry for entry in self.catalog()}
        if action_id not in offered:
            hint = near(action_id, offered)
            raise NotOffered(f"There is no action {shown(action_id)} here{hint}")
        return offered[action_id]

    def manifest(self, action_id: str) -> dict[str, Any]:
        """The manifest of an action that is offered."""
        self.entry(action_id)
        return self.host.manifest(action_id)

    def check(self, account: object, actions: Sequence[str] | None) -> Checked:
        """`Host.check` of an account's key, for these actions; None: for all that are offered."""
        connection = self.accounts.of(account)
        if actions is None and (self.only or self.read_only):
            actions = [entry["id"] for entry in self.catalog()]
        for action_id in actions or ():
            self.entry(action_id)
        return self.host.check(connection, actions)

    def resources(self) -> dict[str, Any]:
        """What these actions are about or refer to, by what Stripe calls it."""
        ids = [entry["id"] for entry in self.catalog()]
        return describe_resources(map(self.host.action, ids))

    def about(self) -> dict[str, Any]:
        """`Host.about`, and the accounts by name."""
        return {**self.host.about(), "accounts": self.accounts.listed()}


def _matches(glob: str, entry: Entry) -> bool:
    return any(fnmatchcase(name, glob) for name in _names(entry))


def _names(entry: Entry) -> tuple[str, str]:
    """By what an action can be chosen."""
    return entry["id"], entry["resource"]

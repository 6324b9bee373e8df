"""Which endpoint of Stripe's does somebody mean, by a method and a path with IDs in it?"""

import re

import attrs

from stripe_plugin.declare import contract
from stripe_plugin.declare.contract import Operation
from stripe_plugin.errors import Refused, near
from stripe_plugin.secrets import shown

# No step of dots alone: `/v1/charges/../refunds` is asked as another endpoint than it is judged as.
PATH = re.compile(r"/v1(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9_.~-]+)+")
# Last steps of paths behind which something is over for good.
ENDS = frozenset(
    [
        *("abandon", "archive", "cancel", "deactivate", "detach", "expire", "fail"),
        *("mark_uncollectible", "redact", "reject", "release", "reverse", "void", "void_grant"),
    ]
)


@attrs.frozen
class Endpoint:
    """An operation of the document, at a path of somebody's."""

    method: str
    path: str
    operation: Operation

    @property
    def template(self) -> str:
        """The path as the document has it: `/v1/prices/{price}`."""
        return self.operation.endpoint.partition(" ")[2]

    @property
    def destroys(self) -> bool:
        """Whether something is gone by it, as far as its method and its path's last step tell."""
        return self.method == "DELETE" or self.path.rpartition("/")[2] in ENDS


def endpoint(method: str, path: str) -> Endpoint:
    """The endpoint. Raises `Refused` for a path that Stripe's document has not."""
    _check(path)
    found = _at(path)
    if method not in found:
        raise Refused(_lacking(method, path, [*found]), "endpoint")
    operation = contract.operation(method, found[method])
    assert operation is not None  # noqa: S101 - it is the document's own
    return Endpoint(method, path, operation)


def _check(path: str) -> None:
    if "?" in path:
        raise Refused("must have no query: what stands behind ? goes under Parameters", "endpoint")
    if "{" in path:
        example = "/v1/prices/price_123, not /v1/prices/{price}"
        raise Refused(f"must have IDs in the place of its variables: {example}", "endpoint")
    if not PATH.fullmatch(path):
        example = "such as /v1/coupons or /v1/coupons/ID"
        raise Refused(f"must be a path of Stripe's API, {example}; got {shown(path)}", "endpoint")


def _at(path: str) -> dict[str, str]:
    """The document's template for a path, by method: the one with the fewest variables."""
    found: dict[str, str] = {}
    for operation in contract.operations():
        method, _, template = operation.partition(" ")
        if not _pattern(template).fullmatch(path):
            continue
        other = found.get(method)
        if other is None or template.count("{") <= other.count("{"):
            found[method] = template
    return found


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"{[^{}]*}", "[^/]+", template))


def _lacking(method: str, path: str, others: list[str]) -> str:
    if others:
        return f"takes {' and '.join(sorted(others))} at Stripe, not {method}"
    templates = sorted({each.partition(" ")[2] for each in contract.operations()})
    hint = near(path, templates)
    return f"is not in Stripe's API document of {contract.version()}{hint}; got {shown(path)}"

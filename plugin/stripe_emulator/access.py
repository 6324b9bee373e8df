"""Who may ask: which keys, accounts and API versions, and from which page?

Keys are looked at, never kept.
"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from typing import TYPE_CHECKING

from stripe_emulator.account import OWN, OWN_ID
from stripe_emulator.declare import PINNED
from stripe_emulator.refusals import Refusal

if TYPE_CHECKING:
    from email.message import Message

_NO_KEY = (
    "You did not provide an API key. You need to provide your API key in the Authorization header, "
    "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
    "https://stripe.com/docs/api#authentication for details, or we can help at "
    "https://support.stripe.com/."
)
_PUBLISHABLE = (
    "This API call cannot be made with a publishable API key. Please use a secret API key. You can "
    "find a list of your API keys at https://dashboard.stripe.com/account/apikeys."
)
_LIVE = "The emulator takes test keys only, and this is a live key. Nothing was executed."
_VERSION = re.compile(r"20\d\d-[01]\d-[0-3]\d(\.(acacia|basil|clover|dahlia|endive))?")
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?")


def check_page(method: str, headers: "Message") -> None:
    """Refuse (403) what a web page of somebody else makes a browser send.

    A name that was made to lead here (DNS rebinding) stands in Host, a foreign page in Origin.
    Only following a link from there, to the payment page, is what links are for.
    """
    hosts = _lower(headers, "Host")
    if len(hosts) != 1 or not _LOOPBACK.fullmatch(hosts[0]):
        raise Refusal(
            "The emulator answers only requests to this machine: ask for http://127.0.0.1 or "
            "http://localhost with its port, and send that as the Host header.",
            status=403,
        )
    origins = set(_lower(headers, "Origin"))
    followed = method == "GET" and headers.get("Sec-Fetch-Dest") == "document"
    crossed = headers.get("Sec-Fetch-Site") == "cross-site" and not followed
    if crossed or origins - {f"http://{hosts[0]}"}:
        raise Refusal("The emulator takes no requests from the pages of other sites.", status=403)


def _lower(headers: "Message", name: str) -> list[str]:
    values: list[str] = headers.get_all(name, [])
    return [value.lower() for value in values]


def account(headers: Mapping[str, str]) -> str:
    """Tell the account of a request; raises Refusal (401, 403) without a usable test key."""
    key = _key(headers.get("authorization", ""))
    if key.startswith("pk_"):
        raise Refusal(_PUBLISHABLE, code="secret_key_required", status=403)
    if re.match(r"(sk|rk)_live_", key):
        raise Refusal(f"Invalid API Key provided: {masked(key)}. {_LIVE}", status=401)
    if not re.fullmatch(r"(sk|rk)_test_[A-Za-z0-9_]+", key):
        raise Refusal(f"Invalid API Key provided: {masked(key)}", status=401)
    name = headers.get("stripe-account") or OWN
    if name in {OWN, OWN_ID}:
        return OWN
    if not re.fullmatch(r"acct_[A-Za-z0-9_]{1,64}", name):
        raise Refusal(
            f"The provided key '{masked(key)}' does not have access to account '{name[:80]}' (or "
            "that account does not exist). Application access may have been revoked.",
            code="account_invalid",
            status=403,
        )
    return name


def _key(authorization: str) -> str:
    scheme, _, credentials = authorization.partition(" ")
    key = credentials.strip()
    if scheme.lower() == "basic":
        key = _user(key)
    elif scheme.lower() != "bearer":
        key = ""
    if not key:
        raise Refusal(_NO_KEY, status=401)
    return key


def _user(credentials: str) -> str:
    try:
        text = b64decode(credentials, validate=True).decode("ascii")
    except (Error, ValueError):
        return ""
    return text.partition(":")[0]


def masked(key: str) -> str:
    """Mask a key as Stripe does: its prefix, stars, and the last four characters."""
    prefix = re.match(r"[a-z]{2}_(test|live)_", key)
    start = prefix.group() if prefix else ""
    secret = key.removeprefix(start)[:64]
    last = secret[-4:]
    return start + last.rjust(len(secret), "*")


def version(headers: Mapping[str, str]) -> str:
    """Tell the version asked for; shapes are those of the pinned one whatever is asked."""
    wanted = headers.get("stripe-version", PINNED)
    if not _VERSION.fullmatch(wanted):
        raise Refusal(f"Invalid Stripe API version: {wanted[:80]}")
    return wanted


def check_key(key: str | None) -> None:
    """Refuse an idempotency key that Stripe would not take."""
    if key == "":
        raise Refusal("Idempotency Key must be a non-empty string.")
    if key and len(key) > 255:
        raise Refusal("The idempotency key provided is too long: at most 255 characters.")

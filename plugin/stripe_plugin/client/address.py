"""Where are requests sent, and through which proxy? Settled once, before anything is sent."""

import os
import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import attrs

from stripe_plugin.errors import UsageError
from stripe_plugin.secrets import masked, shown

STRIPE = "https://api.stripe.com"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
# No user, query or fragment, not even an empty one; with the longest target as much as httpx takes.
PLAIN = re.compile(r"(?:(?![@?#\\])[!-~]){1,2000}")
NUMBERS = re.compile(r"[0-9]+(\.[0-9]+){3}")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
LONGEST_PROXY = 2_000  # characters
PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*/?")


@attrs.frozen
class Address:
    """A base URL in its one spelling: scheme and host in lower case, no slash at the end."""

    scheme: str  # https, or http on loopback
    host: str  # without the brackets of IPv6
    port: int | None
    path: str  # "" or /path

    @property
    def url(self) -> str:
        """The base URL as text."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"

    @property
    def secure(self) -> bool:
        """Whether certificates are verified: everywhere but on this machine."""
        return self.scheme == "https"


def address(url: str) -> Address:
    """The address of a base URL. Keys travel by https, or by http on this machine, nowhere else.

    Raises `UsageError` for everything else, without repeating what may be a password.
    """
    found = _read(url)
    if found is None:
        cut = shown(re.sub(r"(?s).*@|[?#].*", "…", str(url)))
        del url  # a traceback may show all locals
        raise UsageError(f"The base URL must be https://host, or http:// on loopback; got {cut}.")
    return found


def _read(url: str) -> Address | None:
    parts = _split(url)
    if parts is None or not _safe(url, parts):
        return None
    host = (parts.hostname or "").rstrip(".")
    path = parts.path.rstrip("/")
    return Address(parts.scheme.lower(), host, parts.port, path)


def _split(url: object) -> SplitResult | None:
    """The parts of a URL; None if it is none, or has a port that is none."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    return None if port == 0 else parts


def _safe(url: str, parts: SplitResult) -> bool:
    """Whether it can mean only one thing, and nobody on the way can read along."""
    return (
        PLAIN.fullmatch(url) is not None
        and masked(url) == url
        and not parts.netloc.endswith(":")
        and PATH.fullmatch(parts.path) is not None
        and is_host(parts.hostname)
        and _encrypted(parts)
    )


def _encrypted(parts: SplitResult) -> bool:
    scheme = parts.scheme.lower()
    return scheme == "https" or (scheme == "http" and parts.hostname in LOOPBACK)


def is_host(host: str | None) -> bool:
    """Whether it can be looked up: an IP address, or labels of 1 to 63 characters, 253 in all."""
    if not host or len(host) > 253:
        return False
    if ":" in host or NUMBERS.fullmatch(host):
        return _is_ip(host)
    labels = host.removesuffix(".").split(".")
    return all(LABEL.fullmatch(label) for label in labels)


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host  # no zone, which no certificate has


def proxy_of(target: Address) -> str | None:
    """The proxy that the environment names for an address; none for loopback.

    Raises `UsageError` for one that cannot be used, naming the variable.
    """
    if not target.secure:
        return None
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    word = "https" if proxies.get("https") else "all"
    url = proxies.pop(word, "").strip()  # as from a file
    if not url or proxy_bypass(target.host):
        return None
    url = url if "://" in url else f"http://{url}"
    if wrong := _wrong_proxy(url):
        del url, proxies  # a traceback may show all locals, and there may be a password
        raise UsageError(f"The proxy of {_variable(word)} cannot be used: {wrong}.")
    return url


def _variable(word: str) -> str:
    """The environment's variable that names a proxy, as it is spelt there."""
    lower = f"{word}_proxy"
    return lower if lower in os.environ else lower.upper()


def _wrong_proxy(url: str) -> str | None:
    if CONTROL.search(url) or len(url) > LONGEST_PROXY:
        return f"it has a character that no URL has, or more than {LONGEST_PROXY:,} of them"
    parts = _split(url)
    if parts is None:
        return "it is no URL, or its port is no number from 1 to 65535"
    scheme = parts.scheme.lower()
    if scheme not in PROXY_SCHEMES:
        return f"its scheme is {shown(scheme)}, not one of {', '.join(PROXY_SCHEMES)}"
    if not is_host(parts.hostname):
        return "it names no host"
    return None

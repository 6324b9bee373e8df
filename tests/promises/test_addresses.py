"""A key goes to the address that was meant, checked, or nowhere; that is settled first."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import example, given, settings
from hypothesis import strategies as st
from network_support import Place, friendly
from support import made

from stripe_plugin import Client, Connection, Host, Policy, UsageError
from stripe_plugin.client import line
from stripe_plugin.client.address import LOOPBACK, Address, address, proxy_of
from stripe_plugin.errors import ConnectionFailed, NodeError

KEY = "sk_test_address"
ACTION = made("create_customer", {"Name": "J"})
ONCE = Policy(retries=0, timeout=5, budget=5)

# --- one spelling ---------------------------------------------------------------------------------

SPELLINGS = [
    ("https://api.stripe.com", "https://api.stripe.com"),
    ("HTTPS://API.Stripe.com/", "https://api.stripe.com"),
    ("hTTps://api.stripe.com:8443//", None),
    ("https://api.stripe.com.", "https://api.stripe.com"),
    ("https://gateway.example/stripe/", "https://gateway.example/stripe"),
    ("HTTP://LOCALHOST:12111", "http://localhost:12111"),
    ("http://[::1]:80", "http://[::1]:80"),
    ("http://127.0.0.1", "http://127.0.0.1"),
    ("http://api.stripe.com", None),
    ("HTTP://api.stripe.com", None),
    ("http://127.0.0.2", None),
    ("http://localhost.example", None),
    ("ftp://localhost", None),
    ("api.stripe.com", None),
    ("//api.stripe.com", None),
    ("", None),
    ("https://", None),
    ("https://user:secret@api.stripe.com", None),
    ("https://api.stripe.com@evil.example", None),
    ("https://api.stripe.com\\@evil.example", None),
    ("https://api.stripe.com?", None),
    ("https://api.stripe.com/v1?x=1", None),
    ("https://api.stripe.com#", None),
    ("https://api.stripe.com/#/v1", None),
    ("https://api.stripe.com:", None),
    ("https://api.stripe.com:0", None),
    ("https://api.stripe.com:65536", None),
    ("https://api.stripe.com:443x", None),
    ("https://api.stripe.com/../v1", None),
    ("https://a..b", None),
    ("https://" + "a" * 64 + ".example", None),
    ("https://-a.example", None),
    ("https://999.1.1.1", None),
    ("https://01.2.3.4", None),
    ("https://[::::]", None),
    ("https://stripe\u3002com", None),
    ("https://b\u00fccher.example", None),
    ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ("https://api.stripe.com ", None),
    ("https://api.stripe.com\n", None),
    ("https://sk_test_verysecretkey.example", None),
]


@pytest.mark.parametrize(("spelling", "url"), SPELLINGS)
def test_a_base_url_has_one_spelling_or_is_refused(spelling: str, url: str | None) -> None:
    """A base URL is taken in its one spelling, and refused if it could mean something else."""
    if url is None:
        with pytest.raises(UsageError, match="base URL"):
            Connection(KEY, base_url=spelling)
    else:
        assert Connection(KEY, base_url=spelling).base_url == url


SCHEMES = st.text("htpsHTPS:", min_size=3, max_size=7) | st.sampled_from(["https", "HTTPS", "http"])
HOSTS = st.sampled_from(
    ["localhost", "LocalHost", "api.stripe.com", "127.0.0.1", "a..b"]
) | st.text("abz.-_019é:[]@", max_size=12)
ENDS = st.just("") | st.builds(
    "{}{}".format, st.sampled_from("/:?#@\\"), st.text("/:?#@\\.%08a ", max_size=6)
)


@settings(max_examples=500)
@given(SCHEMES, HOSTS, ENDS)
@example("HTTPS", "api.stripe.com", "")
@example("https", "api.stripe.com", "/#")
def test_no_spelling_sends_a_key_unverified_or_elsewhere(scheme: str, host: str, end: str) -> None:
    """What is accepted goes by verified https, or to this machine, to the host that it names."""
    try:
        found = address(f"{scheme}://{host}{end}")
    except UsageError:
        return
    assert found.secure or found.host in LOOPBACK
    assert found.secure == (scheme.lower() == "https")
    named = host.lower().partition(":")[0].rstrip(".")
    assert found.host == named or host.startswith("[")
    assert address(found.url) == found
    assert not set("?#@\\ ") & set(found.url)


@contextmanager
def self_signed() -> Iterator[tuple[int, list[bytes]]]:
    """A server whose certificate nobody vouches for: its port, and what it could read."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    read: list[bytes] = []

    def behave(peer: socket.socket) -> None:
        with context.wrap_socket(peer, server_side=True) as secured:
            read.append(secured.recv(65_536))

    with Place(behave) as place:
        yield place.port, read


@pytest.mark.parametrize("scheme", ["https", "HTTPS", "Https", "hTTPs"])
def test_no_certificate_no_key(scheme: str) -> None:
    """A server that cannot show who it is gets nothing, however the scheme is spelt."""
    with self_signed() as (port, read):
        connection = Connection(KEY, base_url=f"{scheme}://localhost:{port}")
        with Client(connection, ONCE) as client, pytest.raises(ConnectionFailed) as caught:
            client.run(ACTION)
    assert "CERTIFICATE_VERIFY_FAILED" in caught.value.message
    assert not caught.value.outcome_unknown
    assert b"".join(read) == b""


# --- what cannot be used is said before anything counts as sent -----------------------------------

PROXIES = [
    ("https_proxy", "socks9://127.0.0.1:1", "socks9"),
    ("HTTPS_PROXY", "http://127.0.0.1:http", "port"),
    ("all_proxy", "http://127.0.0.1:99999", "port"),
    ("all_proxy", "http://", "no host"),
    ("https_proxy", "http://a..b:80", "no host"),
    ("https_proxy", "http://" + "a" * 70 + ":80", "no host"),
    ("https_proxy", "file:///etc/passwd", "file"),
    ("https_proxy", "http://999.1.1.1:3128", "no host"),
    ("https_proxy", "http://me:sword\x01fish@127.0.0.1:3128", "character"),
    ("https_proxy", "http://127.0.0.1:3128/\n/", "character"),
    ("https_proxy", f"http://{'m' * 70_000}@127.0.0.1:3128", "character"),
]
VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def by_client() -> NodeError:
    """The error of a run over the client."""
    with pytest.raises(NodeError) as caught, Client(Connection(KEY), ONCE) as client:
        client.run(ACTION)
    return caught.value


def by_host() -> NodeError:
    """The error of a run through a host."""
    with pytest.raises(NodeError) as caught, Host.load() as host:
        host.run("create_customer", {"Name": "J"}, connection=Connection(KEY))
    return caught.value


@pytest.mark.parametrize("run", [by_client, by_host])
@pytest.mark.parametrize(("variable", "proxy", "said"), PROXIES)
def test_an_unusable_proxy_is_named(
    monkeypatch: pytest.MonkeyPatch, run: Any, variable: str, proxy: str, said: str
) -> None:
    """A proxy that cannot be used is wrong usage of its variable: nothing was executed."""
    monkeypatch.setenv(variable, proxy)
    error = run()
    assert isinstance(error, UsageError)
    assert variable in str(error)
    assert said in str(error)
    assert not error.outcome_unknown


@pytest.mark.parametrize("around", ["{}\n", " {}", "{} ", "\t{}\r\n"])
def test_space_around_a_proxy_means_nothing(monkeypatch: pytest.MonkeyPatch, around: str) -> None:
    """A proxy that comes out of a file has a line's end."""
    monkeypatch.setenv("https_proxy", around.format("http://127.0.0.1:1"))
    error = by_client()
    assert isinstance(error, ConnectionFailed)
    assert not error.outcome_unknown


@pytest.fixture
def _no_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    line.tls_context.cache_clear()
    yield
    line.tls_context.cache_clear()


@pytest.mark.usefixtures("_no_certificates")
@pytest.mark.parametrize("run", [by_client, by_host])
def test_certificates_that_cannot_be_read_are_said(run: Any) -> None:
    """Nothing counts as sent when the certificates of the environment are not there."""
    error = run()
    assert isinstance(error, UsageError)
    assert "SSL_CERT_FILE" in str(error)


@pytest.mark.usefixtures("_no_certificates")
def test_the_emulator_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """In process, proxies and certificates of the environment are nobody's business."""
    monkeypatch.setenv("all_proxy", "nonsense://")
    with Client(Connection.emulator()) as client:
        assert client.run(ACTION).output["name"] == "J"


def test_socks_needs_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A SOCKS proxy is taken as any other."""
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1080")
    assert proxy_of(address("https://stripe.example")) == "socks5://127.0.0.1:1080"


def test_a_password_of_a_proxy_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy's user and password stay out of the sentence."""
    monkeypatch.setenv("https_proxy", "gopher://me:swordfish@127.0.0.1:1")
    assert "swordfish" not in str(by_client())


def test_loopback_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on this machine is reached without the proxy of the environment."""
    monkeypatch.setenv("all_proxy", "nonsense://")
    with Place(friendly) as place, Client(Connection(KEY, base_url=place.url)) as client:
        assert client.run(ACTION).output["id"] == "cus_1"


# --- empty never means somebody else --------------------------------------------------------------

EMPTY: dict[str, Any] = {
    "key": lambda: Connection(""),
    "account": lambda: Connection(KEY, ""),
    "base URL": lambda: Connection(KEY, base_url=""),
    "STRIPE_ACCOUNT": lambda: Connection.from_env({"STRIPE_API_KEY": KEY, "STRIPE_ACCOUNT": ""}),
    "STRIPE_API_BASE": lambda: Connection.from_env({"STRIPE_API_KEY": KEY, "STRIPE_API_BASE": " "}),
}


@pytest.mark.parametrize("what", EMPTY)
def test_an_empty_text_is_refused(what: str) -> None:
    """An unset shell variable makes an empty text, which means nobody: it is refused by name."""
    with pytest.raises(UsageError, match=f"(?i){what}"):
        EMPTY[what]()


def test_addresses_are_data(tmp_path: Path) -> None:
    """An address compares by what it is, so that one client serves all its spellings."""
    assert address("HTTPS://API.stripe.com/") == Address("https", "api.stripe.com", None, "")
    assert len({address("https://a.example"), address("HTTPS://A.example/")}) == 1

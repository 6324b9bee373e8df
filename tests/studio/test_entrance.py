"""Who may see the studio's pages, and what is a browser told of them?"""

from pathlib import Path

import pytest
from studio_support import HERE, PORT, TOKEN, TestClient, browser, stranger, studio

from stripe_plugin import Connection, UsageError

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def outside(tmp_path: Path) -> TestClient:
    """A browser without a cookie."""
    return stranger(studio(tmp_path))


@pytest.fixture
def inside(tmp_path: Path) -> TestClient:
    """A browser with one."""
    return browser(studio(tmp_path))


@pytest.mark.parametrize("path", ["/", "/try/create_price", "/objects", "/nowhere"])
def test_nobody_comes_in_without_the_token(outside: TestClient, path: str) -> None:
    """Not even to learn which pages are there; what to do is said."""
    answer = outside.get(path)
    assert answer.status_code == 401
    assert "Open the address that the terminal has printed" in answer.text


@pytest.mark.parametrize("path", ["/", "/try/create_customer", "/flow", "/flow/check"])
def test_a_page_that_is_there_is_told_in_a_sentence(outside: TestClient, path: str) -> None:
    """Whoever still has a page of a studio that was started again: it is kept, with its form."""
    answer = outside.post(path, data={"do": "run"}, headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["studio-door"] == "closed"
    assert answer.text.startswith("Open the address that the terminal has printed")


def test_the_token_is_changed_for_a_cookie_and_leaves_the_address(outside: TestClient) -> None:
    """The cookie is for this server, not for scripts, and not the token."""
    answer = outside.get("/try/create_price", params={"token": TOKEN, "a": "b"})
    cookie = answer.headers["set-cookie"]
    assert (answer.status_code, answer.headers["location"]) == (303, "/try/create_price?a=b")
    assert TOKEN not in cookie
    assert f"stripe_nodes_studio_{PORT}=" in cookie
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {*cookie.split("; ")}
    assert outside.get("/").status_code == 200


@pytest.mark.parametrize("wrong", ["", "wrong", TOKEN[:-1], "é"])
def test_a_wrong_token_is_told(outside: TestClient, wrong: str) -> None:
    """It may be that of a studio that ran before."""
    answer = outside.get("/", params={"token": wrong})
    assert answer.status_code == 401
    assert "started again since" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("cookie", ["", "x", "é", TOKEN, '"'])
def test_a_made_up_cookie_opens_nothing(outside: TestClient, cookie: str) -> None:
    """Nor does the token itself as one."""
    headers = {b"Cookie": f"stripe_nodes_studio_{PORT}={cookie}".encode()}
    assert outside.get("/", headers=headers).status_code == 401


def test_the_way_in_leads_nowhere_else(outside: TestClient) -> None:
    """An address with two slashes would be another host."""
    answer = outside.get(f"{HERE}//evil.example/?token={TOKEN}")
    assert answer.headers["location"] == "/evil.example/"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"http://127.0.0.1:{PORT + 1}"])
def test_no_other_page_sends_a_form(inside: TestClient, origin: str) -> None:
    """Not even one of another server of this machine, to which browsers send the cookie."""
    form = {"do": "run", "in:email": "a@b.example"}
    answer = inside.post("/try/create_customer", data=form, headers={"Origin": origin})
    assert answer.status_code == 403


def test_the_studios_own_page_sends_forms(inside: TestClient) -> None:
    """By each name of loopback."""
    for name in ("127.0.0.1", "localhost"):
        headers = {"Origin": f"http://{name}:{PORT}"}
        answer = inside.post("/try/create_customer", data={"do": "run"}, headers=headers)
        assert answer.status_code == 200


def test_it_answers_to_no_other_name(inside: TestClient) -> None:
    """A name of a stranger's that leads here (DNS rebinding)."""
    assert inside.get("/", headers={"Host": f"evil.example:{PORT}"}).status_code == 421


def test_only_forms_are_taken(inside: TestClient) -> None:
    """What is no form would be read as an empty one."""
    answer = inside.post("/try/create_customer", json={"do": "run"})
    assert answer.status_code == 415


def test_a_form_of_two_megabytes_is_refused(inside: TestClient) -> None:
    """It is read to its end, so that the refusal is."""
    body = b"in:name=" + b"x" * 2_000_000
    assert inside.post("/try/create_customer", content=body, headers=FORM).status_code == 413


@pytest.mark.parametrize("path", ["/", "/try/create_price", "/static/studio.css", "/nowhere"])
def test_every_answer_says_what_a_browser_must_not_do(inside: TestClient, path: str) -> None:
    """No script but the studio's own, nothing from elsewhere, no frame, no guess at a type."""
    headers = inside.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_pages_are_kept_by_no_cache(inside: TestClient) -> None:
    """They hold people's data; the style and the scripts do not."""
    assert inside.get("/").headers["cache-control"] == "no-store"
    assert "cache-control" not in inside.get("/static/studio.js").headers


def test_pages_have_no_script_or_style_of_their_own(inside: TestClient) -> None:
    """What the policy would stop is not there."""
    for path in ("/", "/try/create_checkout_session"):
        page = inside.get(path).text
        assert "<style" not in page
        assert " style=" not in page
        assert "onclick" not in page
        assert "<script>" not in page


def test_live_keys_are_refused(tmp_path: Path) -> None:
    """It is for rehearsing."""
    live = Connection("sk_live_51HxVerySecretKey", allow_live=True)
    with pytest.raises(UsageError, match="no live key"):
        studio(tmp_path, live)


def test_the_first_page_is_small(inside: TestClient) -> None:
    """With its style and scripts, as it is sent: 60 KB at most."""
    sent = 0
    for path in ("/", "/static/studio.css", "/static/htmx.min.js", "/static/studio.js"):
        with inside.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
            sent += sum(len(part) for part in answer.iter_raw())
    assert sent < 60_000

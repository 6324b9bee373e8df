"""Does the journal tell what ran, how it ended, why, and how it goes on?"""

from pathlib import Path
from typing import Any

from studio_support import TestClient, browser, studio, texts

from stripe_emulator.faults import Fault
from stripe_flow.step import Step
from stripe_plugin import Connection
from stripe_plugin.errors import NodeError
from stripe_studio.studio import Studio


def ran(made: Studio, run_id: str, action: str, what: str | None = None, **inputs: Any) -> Any:
    """The object of a run with one step, if it gave one."""
    run = made.begin(run_id, what or action)
    try:
        return run.step(Step(action, action, inputs)).output
    except NodeError:
        return None


def read(page: TestClient, path: str, status: int = 200) -> str:
    """What a person reads at an address."""
    answer = page.get(path)
    assert answer.status_code == status, texts(answer.text)
    return texts(answer.text)


def test_an_empty_journal_is_told(page: TestClient) -> None:
    """With where to begin."""
    assert "Nothing has run yet." in read(page, "/runs")
    assert "None ended so." in read(page, "/runs?outcome=refused")


def test_a_run_is_told(made: Studio, page: TestClient) -> None:
    """Its outcome, the names of its inputs, and its object as a link."""
    customer = ran(made, "one", "create_customer", name="Ann", email="ann@example.com")
    assert "create_customer one Done 1 of 1 done" in read(page, "/runs")
    whole = read(page, "/runs/one")
    assert "Sent email , name" in whole.replace("name , email", "email , name")
    assert f'href="/objects/{customer["id"]}"' in page.get("/runs/one").text
    assert "ann@example.com" not in whole


def test_why_a_run_failed_is_told(made: Studio, page: TestClient) -> None:
    """In Stripe's words."""
    ran(made, "two", "retrieve_customer", customer="cus_none")
    assert "Refused" in read(page, "/runs")
    assert "No such customer: 'cus_none'" in read(page, "/runs/two")


def test_runs_are_chosen_by_outcome(made: Studio, page: TestClient) -> None:
    """Each outcome says how many there are."""
    ran(made, "good", "create_customer")
    ran(made, "bad", "retrieve_customer", customer="cus_none")
    whole = read(page, "/runs?outcome=refused")
    assert ("bad" in whole, "good" in whole) == (True, False)
    assert "Refused 1" in whole
    assert "Done 1" in whole


def test_pages_lead_to_older_runs(made: Studio, page: TestClient) -> None:
    """The newest are first."""
    for number in range(52):
        ran(made, f"number-{number}", "create_customer")
    newest, older = read(page, "/runs"), read(page, "/runs?outcome=&from=50")
    assert ("number-51" in newest, "Older ones" in newest) == (True, True)
    assert ("number-51" in older, "Older ones" in older) == (False, False)


def test_an_unfinished_flow_is_told_by_its_steps(made: Studio, page: TestClient) -> None:
    """As its file has them; without the file, by what was begun."""
    step = "\n- {id: %s, action: create_customer}"
    (made.folder / "four.yaml").write_text("steps:" + "".join(step % each for each in "abcd"))
    for run_id, what in (("here", "four.yaml"), ("elsewhere", "gone.yaml")):
        run = made.begin(run_id, what)
        run.mark("flow")
        run.step(Step("a", "create_customer", {}))
    told = read(page, "/runs")
    assert "four.yaml here Unfinished 1 of 4 done" in told
    assert "gone.yaml elsewhere Unfinished 1 of 1 done" in told
    assert 'href="/flow?file=four.yaml&amp;run=here"' in page.get("/runs").text
    assert "1 of 4 done" in read(page, "/runs/here")


def test_a_run_goes_on_where_it_was_begun(made: Studio, page: TestClient) -> None:
    """A flow in Flow by its file and run ID, if that is here; an action in Try."""
    (made.folder / "sell.yaml").write_text("steps: []")
    ran(made, "elsewhere", "create_customer", what="gone.yaml")
    ran(made, "flowing", "create_customer", what="sell.yaml")
    ran(made, "trying", "create_customer")
    assert 'href="/flow?file=sell.yaml&amp;run=flowing"' in page.get("/runs").text
    assert "/flow?" not in page.get("/runs/elsewhere").text
    assert 'href="/try/create_customer"' in page.get("/runs/trying").text


def test_what_nobody_knows_is_done_under_the_same_run_id(made: Studio, page: TestClient) -> None:
    """So that it is done only once."""
    assert made.emulator is not None
    made.emulator.faults.add(Fault(kind="cut_after", times=None))
    ran(made, "lost", "create_customer")
    assert "Unknown outcome" in read(page, "/runs/lost")
    assert 'href="/try/create_customer?run=lost"' in page.get("/runs").text
    form = page.get("/try/create_customer?run=lost").text
    assert 'name="run" value="lost"' in form


def test_an_unknown_run_is_told(page: TestClient) -> None:
    """With its ID, as text."""
    answer = page.get("/runs/<script>x")
    assert (answer.status_code, "<script>x" in answer.text) == (404, False)
    assert "There is no run <script>x here." in texts(answer.text)


def test_what_others_ran_is_text(made: Studio, page: TestClient) -> None:
    """Whatever it was called."""
    ran(made, "odd", "create_customer", what="<script>alert(1)</script>.yaml")
    for path in ("/runs", "/runs/odd"):
        assert "<script>alert" not in page.get(path).text
        assert "<script>alert(1)</script>.yaml" in read(page, path)


def test_objects_of_elsewhere_are_no_links(tmp_path: Path) -> None:
    """Another account's are not here."""
    world = Connection.emulator().in_process
    other = studio(tmp_path, Connection("sk_test_x", account="acct_1", in_process=world))
    customer = ran(other, "theirs", "create_customer")["id"]
    here = browser(studio(tmp_path, Connection("sk_test_x", in_process=world)))
    drawn = here.get("/runs/theirs").text
    assert customer in drawn
    assert f'href="/objects/{customer}"' not in drawn

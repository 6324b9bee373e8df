"""Is an action found by the words in which people ask for it?"""

import pytest
from studio_support import TestClient, texts

from stripe_plugin import Host
from stripe_studio.studio import Studio


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("discount", "Create Coupon"),
        ("cupon", "Create Coupon"),
        ("upgrade", "Change Subscription Plan"),
        ("money back", "Refund Payment"),
        ("refund money", "Refund Payment"),
        ("card", "Create Payment Intent"),
        ("statement descriptor", "Capture Payment Intent"),
        ("create customers", "Create Customer"),
    ],
)
def test_an_action_is_found_by_what_people_say(made: Studio, words: str, wanted: str) -> None:
    """By descriptions, rows, and words near Stripe's; mistyped, too."""
    assert wanted in [each.name for each in made.finding.found(words)]


def test_what_is_called_so_comes_first(made: Studio) -> None:
    """Before what only says so."""
    for entry in Host.load().catalog():
        first, *_ = made.finding.found(entry["name"])
        assert {*entry["name"].split()} <= {*first.name.split()}


def test_what_is_found_is_drawn_as_links(page: TestClient) -> None:
    """With what each does; of words that nobody says, the action that sends anything is told."""
    drawn = page.get("/find", params={"words": "refund"}).text
    assert drawn.index("/try/refund_payment") < drawn.index("/try/list_refunds")
    nothing = page.get("/find", params={"words": "<zzzzqqqq>"}).text
    assert "No action has these words." in texts(nothing)
    assert texts(page.get("/find", params={"words": " "}).text) == ""

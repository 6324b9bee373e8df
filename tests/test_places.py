"""What stands at a path of an answer?"""

from typing import Any

import pytest

from stripe_plugin.judge.places import found_at

ANSWER: Any = {
    "id": "in_1",
    "lines": {"data": [{"price": {"id": "price_1"}}, {"price": None}]},
    "metadata": {"0": "zero"},
    "paid": False,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", ANSWER),
        ("id", "in_1"),
        ("paid", False),
        ("lines.data[0].price.id", "price_1"),
        ("lines.data.0.price.id", "price_1"),
        ("lines.data[1].price.id", None),
        ("lines.data[2].price", None),
        ("lines.data[-1].price", None),
        ("lines.data.first", None),
        ("metadata.0", "zero"),
        ("id.inner", None),
        ("nothing.here", None),
    ],
)
def test_a_path_leads_to_a_value_or_to_nothing(path: str, value: Any) -> None:
    """Through objects and lists, both ways of writing a position."""
    assert found_at(ANSWER, path) == value

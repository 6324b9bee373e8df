"""The reference documents as fixtures; tests that need them skip where they are absent."""

from typing import Any

import pytest
from support import reference


@pytest.fixture(scope="session")
def seed() -> Any:
    """The action page, transcribed."""
    return reference("seed.json")


@pytest.fixture(scope="session")
def contract() -> Any:
    """Stripe's contract of the actions."""
    return reference("contract.json")


@pytest.fixture(scope="session")
def conformance() -> Any:
    """Wire assertions and answers from elsewhere."""
    return reference("conformance.json")

"""The reference documents as fixtures; tests that need them skip where they are absent."""

import gc
import os
from typing import Any

import pytest
from support import reference

# Of the interpreters that tests start, only the first one compiles what all of them import.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_finish() -> None:
    """Collected tests stay to the end: no collection of garbage needs to walk over them."""
    gc.collect()
    gc.freeze()


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

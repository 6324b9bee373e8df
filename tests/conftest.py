"""The reference documents as fixtures; tests that need them skip where they are absent."""

import gc
import os
import signal
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from hypothesis import settings
from support import reference

# How long an example takes says something of the machine alone.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")

# Whoever runs tests in the background has Ctrl-C ignored, and so would all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Of the interpreters that tests start, only the first one compiles what all of them import.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a test prints goes from one process to another as UTF-8, even what is no such text."""
    report = yield
    report.sections = [(name, _as_utf8(text)) for name, text in report.sections]
    return report


def _as_utf8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@pytest.fixture(scope="module")
def frozen_heap() -> Iterator[None]:
    """For who collects garbage often: what is there already is not walked over each time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


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

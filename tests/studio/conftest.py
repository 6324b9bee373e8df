"""A studio of one's own, and a browser in it."""

from pathlib import Path

import pytest
from studio_support import TestClient, browser, studio

from stripe_studio.studio import Studio


@pytest.fixture
def made(tmp_path: Path) -> Studio:
    """A studio with a folder, a journal and an emulator of its own."""
    return studio(tmp_path)


@pytest.fixture
def page(made: Studio) -> TestClient:
    """A browser in it."""
    return browser(made)

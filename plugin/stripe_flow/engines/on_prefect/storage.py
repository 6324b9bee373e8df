"""Where does Prefect keep the runs of all its workers? In the result storage that they share."""

import hashlib
import json
import threading
from typing import Any

from prefect.results import get_default_result_storage

from stripe_flow.journal import Compute


class ResultJournal:
    """Where runs are kept: in Prefect's result storage.

    That has no lock. Two processes that begin the same step at the same moment may both take
    themselves for the first: they send it under the same key, by which Stripe does it once.
    """

    def __init__(self) -> None:
        self._storage: Any = get_default_result_storage()
        self._lock = threading.Lock()

    def keep(self, run: str, name: str, compute: Compute) -> Any:
        """What `compute()` gave the first time under this name of this run."""
        path = f"stripe-nodes/{_digest(run)}/{_digest(name)}.json"
        with self._lock:
            found = self._read(path)
            if found is None:
                value = json.dumps(compute())
                self._storage.write_path(path, value.encode())
                found = self._read(path)
        return found

    def _read(self, path: str) -> Any:
        """What is there as a whole; who died while writing has not done what he wrote of."""
        try:
            return json.loads(self._storage.read_path(path))
        except (ValueError, OSError):
            return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]

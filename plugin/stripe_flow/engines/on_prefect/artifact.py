"""What do people see of a run on Prefect, beside its tasks? A table of what came of it."""

from collections.abc import Sequence

from prefect.artifacts import create_table_artifact

from stripe_flow.engines.order import Stored, Told
from stripe_plugin.judge.values import NOTHING


def show(run_id: str, told: Sequence[Told]) -> None:
    """Shows what was done beside the flow run."""
    rows = [_row(each) for each in told]
    create_table_artifact(rows, key="stripe-nodes", description=f"Run ID {run_id}")


def _row(told: Told) -> Stored:
    result: Told = told.get("result", NOTHING)
    output: Told = result.get("output", NOTHING)
    outcome = "done" if result else "skipped"
    if "error" in told:
        outcome = told["error"]["text"]
    return {
        "step": told["step"],
        "item": told.get("item", NOTHING).get("label", ""),
        "outcome": outcome,
        "object": output.get("id", ""),
        "request": result.get("request_id", ""),
    }

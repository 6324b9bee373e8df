"""What is an action that searches? Its query is written, or made of its other rows."""

from typing import Any

from stripe_plugin.declare.action import Action, Values
from stripe_plugin.declare.inputs import Judgement
from stripe_plugin.declare.query import MOST, QUERY, clauses, joined
from stripe_plugin.declare.spec import Place, Spec


class SearchJudgement(Judgement):
    """Refuses more conditions than a search takes."""

    def __init__(self, spec: Spec, inputs: Any, extra: Any, expand: Any) -> None:
        super().__init__(spec, inputs, extra, expand)
        found = [*clauses(spec.rows, self.values)]
        if len(found) > MOST:
            row = found[MOST].row
            text = f"{row.key}: a search has at most {MOST} conditions; these are {len(found)}."
            self._tell(row.key, "max_items", text, row.name)


class SearchAction(Action):
    """An action with the row `query`, and rows with a `clause` that can stand for it."""

    _judgement = SearchJudgement

    def parameters(self) -> tuple[dict[str, str], Values]:
        """The query, as it was written or made of the rows, and what is sent beside it."""
        in_path, sent = super().parameters()
        made = joined(clauses(self.spec.rows, vars(self)))
        return in_path, {QUERY: made, **sent} if made else sent

    def locate(self, param: str | None, code: str | None = None) -> Place | None:
        """Where Stripe's `param` was given; a query that was made of rows, at the first of them."""
        made = [*clauses(self.spec.rows, vars(self))]
        if param != QUERY or not made:
            return super().locate(param, code)
        row = made[0].row
        return Place(row.key, (row.name,), row.key)

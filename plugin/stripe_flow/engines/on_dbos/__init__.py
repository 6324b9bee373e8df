"""How does a flow run on DBOS: resumed by itself, on as many workers as there are?

A run is a workflow, and each of its steps and items is one on the account's queue, which any worker
of the account takes. What DBOS stores is JSON: an `Order` or a `Place` as the argument. A run that
is begun again when it has ended is another workflow of the same run.

What a process was at goes on by itself when one of the same executor ID is started; a run goes on
at once, on any machine, when it is asked for again under its run ID.
"""

from stripe_flow.engines import NEEDS
from stripe_plugin.errors import UsageError

try:
    from stripe_flow.engines.on_dbos.process import working
    from stripe_flow.engines.on_dbos.run import run_flow
except ModuleNotFoundError as error:
    raise UsageError(NEEDS.format(name="dbos")) from error

__all__ = ["run_flow", "working"]

"""How does a flow run on Prefect: each step a task that people can read, on as many workers?

A run is a flow run of `stripe_flow`; deployed, each loop is shared out to `workers` flow runs of
the deployment. What Prefect stores is JSON without a key; what is done is kept in its result
storage, which must be one that all workers share. A flow run whose process died is gone on with by
`prefect flow-run retry`, or under its run ID in another flow run.
"""

from stripe_flow.engines import NEEDS
from stripe_plugin.errors import UsageError

try:
    from stripe_flow.engines.on_prefect.account import StripeCredentials
    from stripe_flow.engines.on_prefect.flow_run import deploy, run_flow, stripe_flow
except ModuleNotFoundError as error:
    raise UsageError(NEEDS.format(name="prefect")) from error

__all__ = ["StripeCredentials", "deploy", "run_flow", "stripe_flow"]

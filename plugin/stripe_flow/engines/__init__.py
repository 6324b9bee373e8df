"""How does a flow outgrow one process: on whose engine, and what does that engine store?

`on_dbos` (extra `dbos`) needs a database and no server; `on_prefect` (extra `prefect`) a Prefect
server. Both store a run as an `Order` and give each step to a worker as a `Place`, plain JSON
without a key or a secret, and keep what happens under the run ID by `stripe_flow.step`: whichever
worker dies, and whichever goes on, what was executed is not executed again.
"""

NEEDS = 'This engine needs the extra {name}: pip install "stripe-nodes[{name}]"'
AT_ONCE = 8  # steps and items that a process works at

# Seconds after which a step is tried again whose outcome is unknown, or that may pass later: under
# the same key, until Stripe forgets that, which is refused in words.
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0

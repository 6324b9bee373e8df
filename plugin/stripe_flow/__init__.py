"""How do several steps run one after another, kept and resumed? Without a terminal.

`stripe_flow.flow` reads flow files (it needs PyYAML and JMESPath, as the extra `cli` brings them),
`stripe_flow.run` runs them; a step on an engine of one's own needs neither.
"""

from stripe_flow.journal import Journal as Journal
from stripe_flow.step import Step as Step
from stripe_flow.step import arun_step as arun_step
from stripe_flow.step import run_step as run_step

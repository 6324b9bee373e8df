"""The same from a terminal. People see tables; `--json` puts data on stdout, all else on stderr."""

import sys
from typing import Any

try:
    import click

    from stripe_terminal.command import Commands, option
except ImportError:  # pragma: no cover - depends on the installation
    sys.exit("The terminal needs an extra: pip install 'stripe-nodes[cli]'")

from stripe_terminal.commands import (
    actions,
    doctor,
    emulator,
    export,
    flow,
    mcp,
    runs,
    serve,
    studio,
)
from stripe_terminal.report import WRONG
from stripe_terminal.session import Session

EPILOG = """\b
Exit codes:
0 done
1 something unexpected, such as a plugin's error
2 wrong usage or inputs
3 Stripe, or a guard, refused
4 no answer, or an unknown outcome
130 interrupted

STRIPE_API_KEY is the key of your account (sk_test_…), or the word emulator: like --emulator, it
uses no account, but an emulator kept in a file (see `doctor`)."""

EMULATOR_HELP = "Use the emulator in its file, not Stripe."
REQUIRE_HELP = "Refuse to run without this plugin; like STRIPE_PLUGIN_REQUIRE."
VERBOSE_HELP = "Print on stderr what is sent, each attempt a line; like --log text."
LOG_HELP = "The same, or with json each record as JSON with its facts."
HELP = {"help_option_names": ["-h", "--help"]}


@click.group(
    cls=Commands,
    epilog=EPILOG,
    context_settings=HELP,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
)
@click.option("--emulator", "emulated", is_flag=True, help=EMULATOR_HELP)
@option("--require", REQUIRE_HELP, multiple=True, metavar="PLUGIN")
@click.option("-v", "--verbose", "log", flag_value="text", help=VERBOSE_HELP)
@click.option("--log", type=click.Choice(["text", "json"]), help=LOG_HELP)
@click.version_option(package_name="stripe-nodes")
@click.pass_context
def main(ctx: click.Context, /, **options: Any) -> None:
    """Stripe's actions from a terminal, the way a workflow host runs them."""
    ctx.obj = Session(**options)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(WRONG)


COMMANDS = (
    actions.list_actions,
    actions.describe,
    actions.run,
    actions.permissions,
    flow.flow,
    runs.runs,
    emulator.emulator,
    emulator.fault,
    studio.studio,
    serve.serve,
    mcp.mcp,
    export.export,
    doctor.doctor,
)
for command in COMMANDS:
    main.add_command(command)

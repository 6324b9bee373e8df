"""How are the actions served to a program that starts this one, as tools?"""

from typing import Any

import click

from stripe_terminal.offering import offered, offering
from stripe_terminal.session import Session


@click.command()
@offering
def mcp(session: Session, /, **given: Any) -> None:
    """Serve the actions as tools of MCP, over stdin and stdout."""
    from stripe_hosts.mcp_door.over_stdio import serve

    serve(offered(session, **given))

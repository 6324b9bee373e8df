"""How do the actions become nodes of a host that has its own?"""

from pathlib import Path
from typing import Any

import click

from stripe_hosts.export import TARGETS, files_of, written
from stripe_terminal.command import option, reported
from stripe_terminal.inputs import text
from stripe_terminal.session import Session

NAME_HELP = "The name of the package of npm, if you publish it (n8n, node-red)."
AUTHOR_HELP = "Its author; without one it is private."
REPOSITORY_HELP = "The address of its git repository."
REPLACE_HELP = "Write files of the same names anew."


@click.command()
@click.argument("target", type=click.Choice(list(TARGETS)))
@click.argument("folder", type=text, metavar="DIR")
@option("--name", NAME_HELP)
@option("--author", AUTHOR_HELP, metavar="'NAME <EMAIL>'")
@option("--repository", REPOSITORY_HELP, metavar="URL")
@click.option("--replace", is_flag=True, help=REPLACE_HELP)
@reported
def export(session: Session, target: str, folder: str, *, replace: bool, **of: Any) -> None:
    """Write the installed actions as nodes of another host, into a folder."""
    from stripe_hosts.export.package import Package

    session.warn_of_plugins()
    files = files_of(target, session.host, Package(**of))
    made = [str(file) for file in written(files, Path(folder), replace=replace)]
    if session.as_json:
        session.data({"target": target, "files": made})
        return
    for file in made:
        session.out.say(file)
    session.err.say(f"README.md in {folder} says how it is installed.")

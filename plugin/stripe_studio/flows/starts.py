"""Which flows are ready to begin with? Those in the folder `starts` of this package."""

from importlib.resources import files

from stripe_plugin.secrets import shown
from stripe_studio.flows.files import NoSuchFile

FOLDER = files("stripe_studio") / "starts"
SUFFIX = ".yaml"


def names() -> list[str]:
    """What they are called: `sell-a-subscription`."""
    found = [each.name for each in FOLDER.iterdir()]
    flows = [name for name in found if name.endswith(SUFFIX)]
    return sorted(name.removesuffix(SUFFIX) for name in flows)


def text(name: str) -> str:
    """The file of one. Raises `NoSuchFile`."""
    if name not in names():
        raise NoSuchFile(f"There is no ready flow {shown(name)}.")
    return (FOLDER / f"{name}{SUFFIX}").read_text("utf-8")

"""Which objects can be chosen in a row that takes an ID? Drawn as buttons."""

from starlette.responses import Response

from stripe_plugin.errors import NodeError
from stripe_studio.drawing import drawn
from stripe_studio.studio import Studio
from stripe_studio.trying import typed
from stripe_studio.trying.typed import Tree


def chosen(studio: Studio, action: str, place: str, tree: Tree, there: str) -> Response:
    """Those for the row at a place, such as `items.0.price`.

    `tree`: the form so far, which may narrow them. `there`: what stands in the row: words to search
    for, if it is no ID.
    """
    host = studio.host
    try:
        rows = host.manifest(action)["inputs"]
        found = host.choices(
            action,
            place,
            given=typed.inputs(rows, tree),
            search="" if typed.looks_whole(there) else there,
            connection=studio.connection,
        )
    except NodeError as error:
        return drawn("choices.html", {"choices": None, "note": error.text})
    return drawn("choices.html", {"choices": found, "note": None})

"""Does the studio do in a browser what it says? `make test-studio` drives it as a person does.

It needs node, npm and Chromium; where one is missing it says so and passes. A world of one's own
is asked for by `/world/ACTION`: a new emulator, and what is typed into the form of that action.
"""

import sys
import tempfile
from pathlib import Path
from threading import Thread
from typing import Any

HERE = Path(__file__).resolve().parent
TESTS = HERE.parents[1]
sys.path.insert(0, str(TESTS))

from browser_support import drive, missing  # noqa: E402
from forms.examples import World  # noqa: E402
from starlette.responses import JSONResponse  # noqa: E402
from starlette.types import Receive, Scope, Send  # noqa: E402
from studio_support import TOKEN, fields, studio  # noqa: E402

from stripe_hosts.serve import Place, address_of, server  # noqa: E402
from stripe_plugin.secrets import Secret  # noqa: E402
from stripe_studio.app import application  # noqa: E402
from stripe_studio.trying import typed  # noqa: E402
from stripe_studio.trying.endpoint import rows_of  # noqa: E402

WORLD = "/world/"


class Worlds:
    """The studio at one address, on an emulator that can be changed for a new one."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self._port = folder, port
        self._renew()

    def _renew(self) -> None:
        self._studio = studio(self._folder)
        self._app = application(self._studio, Secret(TOKEN), self._port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Gives a page, or makes a world for an action."""
        if scope["type"] == "http" and scope["path"].startswith(WORLD):
            action = scope["path"].removeprefix(WORLD)
            await JSONResponse(self._fields(action))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _fields(self, action: str) -> dict[str, Any]:
        self._renew()
        if not action:
            return {}
        host = self._studio.host
        inputs = World(host, self._studio.connection).example(action)
        rows = rows_of(host, host.manifest(action), inputs)
        return fields(typed.written(rows, inputs), "in:")


def main() -> int:
    """Serves, and drives."""
    tool = missing(HERE)
    if tool is not None:
        print(f"skipped: the studio is driven in a browser, and there is no {tool} here")
        return 0
    with tempfile.TemporaryDirectory() as folder, Place().listening() as listener:
        app = Worlds(Path(folder), listener.getsockname()[1])
        serving = server(app)
        thread = Thread(target=serving.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            told = {"STUDIO": address_of(listener), "TOKEN": TOKEN}
            return drive(HERE, "studio.test.mjs", *sys.argv[1:], **told)
        finally:
            serving.should_exit = True
            thread.join()


if __name__ == "__main__":
    sys.exit(main())

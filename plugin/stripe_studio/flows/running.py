"""Which flows are on their way, each in a thread of its own, and how do they end?"""

from collections import OrderedDict
from threading import Lock, Thread

from stripe_flow.flow import Flow
from stripe_flow.flowing import Outcome
from stripe_flow.run import Run
from stripe_flow.runs import kept_runs
from stripe_plugin.errors import UsageError
from stripe_plugin.secrets import hiding
from stripe_studio.flows.progress import Kept, Progress
from stripe_studio.studio import Studio

MOST = 50  # runs whose progress is remembered
Place = tuple[str, str | None, str | None, str]  # mode, where, account, run ID
OTHER = "This run is still on its way with another flow or other inputs: let it end, or stop it."
CLOSING = "The studio is being stopped: nothing new is begun."


class Running:
    """The runs that were begun on this page."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._lock = Lock()
        self._found: OrderedDict[str, Progress] = OrderedDict()
        self._threads: dict[str, Thread] = {}
        self._closing = False

    def of(self, run_id: str) -> Progress | Kept | None:
        """How far a run is: as it was seen here, or as the journal has it."""
        with self._lock:
            found = self._found.get(run_id)
        return found or self._kept(run_id)

    def begun(self, run_id: str) -> Flow | None:
        """The flow of a run that was begun here."""
        with self._lock:
            found = self._found.get(run_id)
        return found.flow if found else None

    def _kept(self, run_id: str) -> Kept | None:
        """The one of this name on this connection: others have runs of the same names."""
        ours = self._place(run_id)
        for run in kept_runs(self._studio.journal):
            if run.place == ours:
                return Kept(run, self._studio.host)
        return None

    def _place(self, run_id: str) -> Place:
        connection, emulator = self._studio.connection, self._studio.emulator
        where = connection.base_url if emulator is None else emulator.file
        return connection.mode, where, connection.account, run_id

    def begin(self, flow: Flow, run_id: str) -> Progress:
        """Begins a run, or goes on with it. One that is on its way already is not begun twice.

        Raises `UsageError` for a name that is none, or of another run.
        """
        with self._lock:
            found = self._found.get(run_id)
            if found is not None and not found.ended.is_set():
                return _same(found, flow)
            if self._closing:
                raise UsageError(CLOSING)
            run = self._studio.begin(run_id, flow.name)
            progress = Progress(self._studio.host, flow, run_id)
            self._remember(progress)
            # Whoever does not wait for the end that `close` brings about ends it at once.
            thread = Thread(target=_run, args=(run, progress), name=f"flow {run_id}", daemon=True)
            self._threads[run_id] = thread
            thread.start()
        return progress

    def _remember(self, progress: Progress) -> None:
        self._found[progress.run_id] = progress
        self._found.move_to_end(progress.run_id)
        for name, each in [*self._found.items()]:
            is_over = each.ended.is_set()
            if is_over and len(self._found) > MOST:
                del self._found[name]
                del self._threads[name]

    def stop(self, run_id: str) -> None:
        """Asks it to end after the step that is in hand; the rest is done under its name later."""
        with self._lock:
            found = self._found.get(run_id)
        if found is not None:
            found.stopping.set()

    def close(self) -> None:
        """Stops all of them: what is on its way arrives, and no thread is left."""
        with self._lock:
            self._closing = True
            threads = [*self._threads.values()]
            for each in self._found.values():
                each.stopping.set()
        for thread in threads:
            thread.join()


def _same(found: Progress, flow: Flow) -> Progress:
    before = found.flow
    if flow.text != before.text or flow.inputs != before.inputs:
        raise UsageError(OTHER)
    return found


def _run(run: Run, progress: Progress) -> None:
    """What the thread does. Whatever happens, it is told, and that is the end."""
    error: BaseException | None = None
    with hiding(*progress.flow.hidden):
        try:
            _go(run, progress)
        except BaseException as failed:  # noqa: BLE001 - it is shown to whoever looks on
            error = failed
        progress.finish(error)


def _go(run: Run, progress: Progress) -> None:
    outcomes = run.flow(progress.flow, progress.waiting)
    for outcome in outcomes:
        progress.add(outcome)
        is_last = _is_last(outcome, progress.flow)
        if progress.stopping.is_set() and not is_last:
            return


def _is_last(outcome: Outcome, flow: Flow) -> bool:
    """Whether nothing comes behind it, but that the flow's end is noted."""
    if outcome.step.id != flow.steps[-1].id:
        return False
    item = outcome.item
    return item is None or item.index + 1 == outcome.of

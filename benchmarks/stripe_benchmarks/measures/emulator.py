"""What does the emulator cost: to start, beyond its imports, and for each request?"""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import attrs

from stripe_benchmarks.contenders.kinds import KEY, Entrant
from stripe_benchmarks.figure import Figure, Setting
from stripe_benchmarks.measures import cold
from stripe_benchmarks.rounds import interleaved
from stripe_emulator import Emulator

TIMES = 100  # in a slice
HEADERS = {"Authorization": f"Bearer {KEY}", "Stripe-Version": "2026-08-26.dahlia"}
IMPORT = "from stripe_emulator import Emulator, serve"
IN_A_FILE = f"""
import tempfile
{IMPORT}
with tempfile.TemporaryDirectory() as folder, Emulator(folder + "/world.db"):
    pass
"""
ANSWERING = f"""
{IMPORT}
with Emulator() as world:
    world.answer("POST", "/v1/customers", {HEADERS!r}, b"name=Ann")
"""
PROGRAMS = (
    cold.Program("in memory", f"{IMPORT}\nEmulator().close()", ours=True),
    cold.Program("in a file", IN_A_FILE, ours=True),
    cold.Program("served", f"{IMPORT}\nwith Emulator() as world, serve(world): pass", ours=True),
    cold.Program("with its first answer", ANSWERING, ours=True),
)


def start(setting: Setting) -> list[Figure]:
    """Of each way to start, what a fresh process takes beyond the imports."""
    codes = {each.name: each.code for each in PROGRAMS}
    took = cold.processes({"": IMPORT, **codes}, setting.choose(*cold.PROCESSES))
    return [setting.figure(each, took[each.name] - took[""], cold.UNIT) for each in PROGRAMS]


@attrs.frozen
class Asked(Entrant):
    """A request, again and again."""

    ask: Callable[[], object]

    def repeat(self, times: int) -> None:
        """So many times."""
        for _ in range(times):
            self.ask()


def asked(name: str, world: Emulator, request: str, form: Mapping[str, str]) -> Asked:
    """A request of a world, which must work the first time."""
    method, path = request.split()
    body = urlencode(form).encode()
    answer = world.answer(method, path, HEADERS, body)
    if answer.status != 200:
        raise RuntimeError(f"{request}: {answer.body!r}")
    return Asked(name, lambda: world.answer(method, path, HEADERS, body), ours=True)


def requests(setting: Setting) -> list[Figure]:
    """Of each request, what it takes in a process that has been asked before."""
    about = {"unit_amount": "500", "currency": "usd", "product_data[name]": "Box"}
    paid = {"amount": "500", "currency": "usd", "confirm": "true", "payment_method": "pm_card_visa"}
    with Emulator() as world:
        all_ = (
            asked("create a customer", world, "POST /v1/customers", {"name": "Ann"}),
            asked("create a price", world, "POST /v1/prices", about),
            asked(
                "pay", world, "POST /v1/payment_intents", paid | {"return_url": "https://a.example"}
            ),
            asked("list 10 customers", world, "GET /v1/customers", {}),
        )
        slices = {each.name: each.repeat for each in all_}
        spent = interleaved(slices, runs=TIMES, rounds=setting.rounds)
        return setting.figures(all_, spent)

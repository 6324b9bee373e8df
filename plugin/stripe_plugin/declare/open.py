"""How is an endpoint asked that no table is of? By an action with the endpoint as an input."""

import re
from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import Any

import attrs

from stripe_plugin.declare import linked
from stripe_plugin.declare.action import Action
from stripe_plugin.declare.documented import Documented
from stripe_plugin.declare.endpoint import Endpoint, endpoint
from stripe_plugin.declare.inputs import EXPAND, MOST_TOLD, Judgement, Values
from stripe_plugin.declare.spec import Place, Spec, steps_of
from stripe_plugin.errors import Fault, Refused, words
from stripe_plugin.judge.reading import structured
from stripe_plugin.judge.rules import inside
from stripe_plugin.judge.values import UNKNOWN, entries, is_empty, is_list, is_object

METHOD, PATH, PARAMETERS = "method", "path", "parameters_"  # the rows of such an action
CARD = re.compile(r"(?:[0-9][ -]?){12,18}[0-9]")
NO_CARDS = (
    "must hold no card number: whoever handles those answers for them. Use a payment method, such"
    " as pm_card_visa of Stripe's tests, or a page of Stripe's"
)
NO_EXTRA = "Options › Extra is for actions with rows: write all under Parameters."


class OpenJudgement(Judgement):
    """Judges the parameters by what Stripe's document says of the endpoint that is named."""

    def __init__(self, spec: Spec, inputs: Any, extra: Any, expand: Any) -> None:
        super().__init__(spec, inputs, extra, expand)
        if self.values["extra"]:
            self._tell("Options › Extra", "given_twice", NO_EXTRA, "options", "extra")
        where = self._endpoint(self.values[METHOD], self.values[PATH])
        if where is not None:
            given: Values = self.values[PARAMETERS] or {}
            self.values[PARAMETERS] = self._judged(where, given)
            self._tell_unsent_of(where, inputs)
            self.values["spec"] = self._specified(where)

    def _specified(self, where: Endpoint) -> Spec:
        """What is known of the action, now that its endpoint is."""
        doubts = [*doubts_of(where, self.values[PARAMETERS])]
        doubts += [fault for _, fault in self.unsent]
        said = [f"{self._key(PARAMETERS)}{doubt.words} {doubt.text}." for doubt in doubts]
        return attrs.evolve(
            self._spec,
            endpoint=f"{where.method} {where.path}",
            repeats=where.method != "POST",
            destroys=where.destroys,
            unchecked=" ".join(said[:MOST_TOLD]) or None,
        )

    def _endpoint(self, method: Any, path: Any) -> Endpoint | None:
        """The endpoint, if it can be told which one."""
        if not isinstance(method, str) or not isinstance(path, str):
            return None
        try:
            return endpoint(method, path)
        except Refused as error:
            self._tell_faults(self._key(PATH), error.faults, PATH)
            return None

    def _judged(self, where: Endpoint, given: Values) -> Values:
        place = Documented(where.method, where.template)
        clean: Values = {}
        faults = [*_cards(given)]
        if faults:  # nothing else is said, as it might repeat what is wrong
            self._tell_faults(self._key(PARAMETERS), faults, PARAMETERS)
            return clean
        for name, value in given.items():
            try:
                clean[name] = place.into(name).judge(value)
            except Refused as error:
                faults += inside(name, error.faults)
        faults += _missing(where, given)
        self._tell_faults(self._key(PARAMETERS), faults, PARAMETERS)
        return {name: value for name, value in clean.items() if value is not None}

    def _tell_unsent_of(self, where: Endpoint, inputs: Any) -> None:
        row = self._spec.words[PARAMETERS]
        place = Documented(where.method, where.template)
        for word, value in entries(inputs):
            if self._spec.words.get(word) is row:
                self._tell_unsent(row.key, place, structured(value))

    def _key(self, name: str) -> str:
        return self._spec.words[name].key


def doubts_of(where: Endpoint, given: Mapping[str, Any]) -> Iterator[Fault]:
    """What Stripe's document does not know of parameters that were judged."""
    place = Documented(where.method, where.template)
    for name, value in given.items():
        yield from inside(name, place.into(name).doubts(value))


def _missing(where: Endpoint, given: Mapping[str, Any]) -> Iterator[Fault]:
    for name, shape in where.operation.parameters.items():
        if shape.required and is_empty(given.get(name)):
            yield Fault("is required", "required").inside(name)


def _cards(value: Any) -> Iterator[Fault]:
    """Where a card's number stands."""
    if is_object(value):
        for name, item in value.items():
            yield from inside(name, _cards(item))
    elif is_list(value):
        for number, item in enumerate(value):
            yield from inside(number, _cards(item))
    elif value is not UNKNOWN and _is_card(str(value)):
        yield Fault(NO_CARDS, "card")


def _is_card(text: str) -> bool:
    """Whether it is 13 to 19 digits, of which the last one checks the others (Luhn's rule)."""
    if not CARD.fullmatch(text.strip()):
        return False
    digits = [int(digit) for digit in reversed(text) if digit.isdigit()]
    plain = sum(digits[::2])
    doubled = sum(_doubled(digit) for digit in digits[1::2])
    return (plain + doubled) % 10 == 0


def _doubled(digit: int) -> int:
    tens, ones = divmod(2 * digit, 10)
    return tens + ones


class OpenAction(Action):
    """An action with the rows `method`, `path` and `parameters_`; its spec is the endpoint's."""

    _judgement = OpenJudgement

    def parameters(self) -> tuple[dict[str, str], Values]:
        """Nothing in the path, which is whole; and what is sent beside it."""
        sent: Values = {**getattr(self, PARAMETERS)}
        if self.expand:
            sent["expand"] = [*self.expand]
        return {}, sent

    def locate(self, param: str | None, code: str | None = None) -> Place | None:
        """Where Stripe's `param` was given; what is missing without one is in the path."""
        key = self.spec.words[PARAMETERS].key
        path = steps_of(param or "")
        if path and path[0] in getattr(self, PARAMETERS):
            return Place(key, (PARAMETERS, *path), f"{key}{words(path)}")
        if code == "resource_missing":
            place = self.spec.words[PATH].key
            return Place(place, (PATH,), place)
        return Place(key, (PARAMETERS, *path), f"{key}{words(path)}") if path else None

    def _doubts(self) -> Iterator[tuple[str, Fault]]:
        where = endpoint(self.spec.method, self.spec.path)
        key = self.spec.words[PARAMETERS].key
        yield from zip(repeat(key), doubts_of(where, getattr(self, PARAMETERS)))
        place = Documented(where.method, where.template)
        doubts = linked.doubts_of(place, self.expand or ())
        yield from zip(repeat(EXPAND), doubts)

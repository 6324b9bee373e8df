"""What is an action that is made of several calls? It says which, one after another."""

from collections.abc import Generator, Mapping
from typing import Any, TypeAlias

import attrs

from stripe_plugin.declare.action import Action, Values
from stripe_plugin.declare.hints import EXTRA
from stripe_plugin.declare.inputs import EXPAND, Judgement
from stripe_plugin.declare.spec import Spec
from stripe_plugin.judge.values import NOTHING


@attrs.frozen
class Call:
    """One call of a recipe. It is answered with Stripe's object."""

    #: What it is called in the recipe: with the recipe's key, the same again means the same call.
    name: str
    action: Action
    #: Whether nothing is changed by it, though it is a POST.
    looks: bool = False
    #: The call's parameters by what they are in the recipe, both as Stripe says them:
    #: `pricing[price]` is `items[0][price]`.
    names: Mapping[str, str] = NOTHING

    @property
    def writes(self) -> bool:
        """Whether something is changed by it."""
        return self.action.spec.method != "GET" and not self.looks

    def param(self, param: str | None) -> str | None:
        """What the call's parameter is in the recipe."""
        return self.names.get(param or "", param)


@attrs.frozen
class Done:
    """What a recipe answers: an object that one of its calls gave, and what to say of it."""

    output: Values
    note: str | None = None


Calls: TypeAlias = Generator[Call, Any, Done]


class RecipeJudgement(Judgement):
    """Refuses what would have to be said of one of its calls."""

    def __init__(self, spec: Spec, inputs: Any, extra: Any, expand: Any) -> None:
        super().__init__(spec, inputs, extra, expand)
        for name, key in (("extra", EXTRA), ("expand", EXPAND)):
            if self.values[name]:
                text = f"{key} is for actions of one request: {spec.name} makes several."
                self._tell(key, "recipe", text, "options", name)


class Recipe(Action):
    """An action that is made of others, each call under an idempotency key of its own.

    It is at home where its answer comes from: that endpoint is its own, with which of its rows are
    sent there; the others are `local`. Each time that it is run under one name it makes the same
    calls, as far as Stripe answers the same: what is repeated then is executed only once. How many
    calls there are shows in the first that writes: for other inputs Stripe then refuses the name.
    What only reads is asked anew, so one that looks first may find what it made, changing nothing.
    """

    _judgement = RecipeJudgement

    def calls(self) -> Calls:
        """Each call, given what the one before it was answered; at last what comes of them."""
        raise NotImplementedError

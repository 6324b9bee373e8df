"""What in an action's declaration looks wrong, but may be right? What nobody else knows of."""

from collections.abc import Iterable, Iterator, Mapping

from stripe_plugin.declare import contract
from stripe_plugin.declare.action import Action
from stripe_plugin.declare.documented import Documented
from stripe_plugin.declare.open import OpenAction
from stripe_plugin.declare.spec import Spec
from stripe_plugin.errors import near
from stripe_plugin.host.manifest import referred
from stripe_plugin.judge.table import Field


def doubts(action: type[Action], listed: Iterable[str]) -> Iterator[str]:
    """Sentences about an action. `listed`: the IDs of all actions that there are.

    What Stripe's API document does not know may be newer than that, so it is no error.
    """
    spec = action.spec
    if not issubclass(action, OpenAction):  # whose endpoint is an input
        yield from _of_endpoint(spec)
    known = [*listed]
    for resource in dict.fromkeys(referred(spec.rows)):
        if resource.listed_by not in (None, *known):
            wrong = f"there is no action {resource.listed_by}, which lists the {resource.plural}"
            yield f"{spec.name}: {wrong}{near(resource.listed_by, known)}."


def _of_endpoint(spec: Spec) -> Iterator[str]:
    operation = spec.documented.operation
    if operation is None:
        hint = near(spec.endpoint, contract.operations())
        document = f"Stripe's API document of {contract.version()}"
        yield f"{spec.name}: {document} has no {spec.endpoint}{hint}."
        return
    for label, place in _places(spec):
        for doubt in place.unknown:
            yield f"{spec.name} › {label}: {place.steps[-1]} {doubt.text}."
    sent = {*(row.steps[0] for row in spec.rows if not row.local), *spec.sends}
    for name, shape in operation.parameters.items():
        if shape.required and name not in sent:
            yield f"{spec.name}: Stripe demands {name}, which has no row."


def _places(spec: Spec) -> Iterator[tuple[str, Documented]]:
    """Where what an action sends stands beside its path, with what a form calls that."""
    for name in spec.sends:
        yield name, spec.documented.into(name)
    for row in spec.rows:
        if not row.local and row.parameter not in spec.path_names:
            place = spec.documented.into(row.parameter)
            yield row.key, place
            yield from _inside(row.key, row.nested, place)


def _inside(
    label: str, fields: Mapping[str, Field], place: Documented
) -> Iterator[tuple[str, Documented]]:
    """The places of the fields of an object; those of one that is unknown go with it."""
    for name, field in fields.items() if place.shape else ():
        inner = place.into(name)
        yield f"{label} › {field.key}", inner
        yield from _inside(f"{label} › {field.key}", field.nested, inner)

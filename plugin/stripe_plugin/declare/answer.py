"""What shape does Stripe's answer have? Declared with an example of what it holds."""

from typing import Any

from stripe_plugin.declare.resource import Resource

Example = dict[str, Any]


class One:
    """One object; `One(currency="usd")` shows that beside its ID and what kind of object it is."""

    #: The methods that can be answered so; none: any.
    methods: tuple[str, ...] = ()

    def __init__(self, **example: Any) -> None:
        self._example = example

    def example(self, resource: Resource) -> Example:
        """An answer about this resource."""
        identity = {"id": resource.example_id, "object": resource.object}
        return {**identity, **self._example}


class Page(One):
    """A page of a list; `Page(status="open")` shows that in its one item."""

    methods = ("GET",)

    def example(self, resource: Resource) -> Example:
        """An answer about this resource."""
        item = super().example(resource)
        page: Example = {"object": "list", "data": [item]}
        return {**page, "has_more": False}


class Deleted(One):
    """What is left of a deleted object: its ID, and that it is deleted."""

    methods = ("DELETE",)

    def __init__(self) -> None:
        super().__init__(deleted=True)


class Other(One):
    """An answer of another shape, by a whole example of it."""

    def __init__(self, example: Example) -> None:
        super().__init__(**example)

    def example(self, resource: Resource) -> Example:  # noqa: ARG002 - it says all itself
        """An answer, whatever the resource."""
        return dict(self._example)

"""What shape does Stripe's answer have? Declared with an example of what it holds."""

from collections.abc import Mapping
from typing import Any, Self

from stripe_plugin.declare.resource import Resource
from stripe_plugin.judge.table import title_case

Example = dict[str, Any]
Labels = Mapping[str, str]  # by path


class One:
    """One object; `One(currency="usd")` shows that beside its ID and what kind of object it is."""

    #: The methods that can be answered so; none: any.
    methods: tuple[str, ...] = ()
    #: Whether it is always this kind of object.
    is_fixed = True

    def __init__(self, about: Resource | None = None, /, **example: Any) -> None:
        """`about`: the resource of what is answered, if that is not the action's own."""
        self._about = about
        self._example = example
        self._also: Example = {}

    def also(self, **more: Any) -> Self:
        """The same, whose whole example holds this, too, so that nothing in it contradicts it."""
        self._also = more
        return self

    def resource(self, subject: Resource) -> Resource:
        """What the answer of an action about this subject is about."""
        return self._about or subject

    def example(self, subject: Resource) -> Example:
        """What tells one answer from another: the action page's example, or ours."""
        return self._identity(subject) | self._example

    def details(self, subject: Resource) -> Example:
        """The example with all that is declared of it: see `stripe_plugin.host.example`."""
        declared = self.resource(subject).example
        first = self._identity(subject) | self._example
        return {**first, **declared, **self._example, **self._also}

    def objects(self, answer: Example) -> list[Example]:
        """What an answer is about, of a page each one."""
        return [answer]

    def outputs(self, subject: Resource) -> Labels:
        """The fields that people pick first, each with a label."""
        return self.resource(subject).outputs

    def _identity(self, subject: Resource) -> Example:
        resource = self.resource(subject)
        return {"id": resource.example_id, "object": resource.object}


class Page(One):
    """A page of a list; `Page(status="open")` shows that in its one item."""

    methods = ("GET",)

    def example(self, subject: Resource) -> Example:
        """A page with one item."""
        return _page(super().example(subject))

    def details(self, subject: Resource) -> Example:
        """A page with one item that has all that is declared of it."""
        return _page(super().details(subject))

    def objects(self, answer: Example) -> list[Example]:
        """The items of the page."""
        return [*answer["data"]]

    def outputs(self, subject: Resource) -> Labels:
        """Those of each item, of all items at once; before them the items themselves."""
        found = {"data": f"{self.resource(subject).title}s", "has_more": "Has More"}
        for path, label in super().outputs(subject).items():
            found[f"data[].{path}"] = label
        return found


def _page(item: Example) -> Example:
    page: Example = {"object": "list", "data": [item]}
    return {**page, "has_more": False}


class Found(Page):
    """A page of what a search finds: a page of a list, but that the next one has a token."""

    def example(self, subject: Resource) -> Example:
        """A page with one item."""
        return _found(super().example(subject))

    def details(self, subject: Resource) -> Example:
        """A page with one item that has all that is declared of it."""
        return _found(super().details(subject))

    def outputs(self, subject: Resource) -> Labels:
        """Those of a page, and the token."""
        return {**super().outputs(subject), "next_page": "Next Page"}


def _found(page: Example) -> Example:
    return {**page, "object": "search_result", "next_page": None}


class Deleted(One):
    """What is left of a deleted object: its ID, and that it is deleted."""

    methods = ("DELETE",)

    def __init__(self) -> None:
        super().__init__(deleted=True)

    def details(self, subject: Resource) -> Example:
        """There is no more of it."""
        return self.example(subject)

    def outputs(self, subject: Resource) -> Labels:
        """All that is left."""
        return {"id": f"{subject.title} ID", "deleted": "Deleted"}


class Other(One):
    """An answer of another shape, by a whole example of it."""

    def __init__(self, example: Example) -> None:
        super().__init__(**example)

    def example(self, subject: Resource) -> Example:  # noqa: ARG002 - it says all itself
        """An answer, whatever the resource."""
        return dict(self._example)

    def details(self, subject: Resource) -> Example:
        """The same: it is whole."""
        return self.example(subject)

    def outputs(self, subject: Resource) -> Labels:  # noqa: ARG002 - it says all itself
        """Every field that the example has."""
        return {name: title_case(name) for name in self._example}


class Anything(Other):
    """Whatever Stripe answers, by an example of it, where the inputs say what is asked."""

    is_fixed = False

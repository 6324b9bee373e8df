"""How does data become a page? Templates that escape whatever they are given."""

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from stripe_plugin.errors import NodeError
from stripe_studio import words
from stripe_studio.objects.passing import coming
from stripe_studio.objects.told import kind_words

Context = Mapping[str, Any]
Filters = dict[str, Callable[..., Any]]
TEMPLATES = Environment(
    loader=PackageLoader("stripe_studio"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
OF_OBJECTS: Filters = {"kind_words": kind_words, "coming": coming}
TEMPLATES.filters.update({**words.FILTERS, **OF_OBJECTS})
TEMPLATES.tests.update(words.TESTS)


def drawn(template: str, context: Context, status: int = 200) -> HTMLResponse:
    """A page, or the part of one that a template is for."""
    page = TEMPLATES.get_template(template).render(context)
    return HTMLResponse(page, status)


def sorry(error: NodeError | str, status: int, context: Context) -> HTMLResponse:
    """A page that says why there is none."""
    text = error.text if isinstance(error, NodeError) else error
    return drawn("sorry.html", {**context, "text": text}, status)

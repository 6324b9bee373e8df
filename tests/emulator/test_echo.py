"""What is only kept and shown: all of its life, and that it pretends no more."""

# ruff: noqa: E501 - rows read best on one line

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator.answers import schema_of
from jsonschema import Draft202012Validator

from stripe_emulator.echo import ECHOED
from stripe_plugin.declare import contract

if TYPE_CHECKING:
    from emulator.conftest import Caller, Reply

    from stripe_emulator.declare import Resource

#: kind → the least that creates one, and a change of it
LEAST: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "apple_pay_domain": ({"domain_name": "shop.example"}, {}),
    "billing_portal.configuration": ({"features": {"invoice_history": {"enabled": True}}}, {"name": "Shop"}),
    "entitlements.feature": ({"lookup_key": "more", "name": "More"}, {"name": "Even more"}),
    "radar.value_list": ({"alias": "vips", "name": "Friends"}, {"name": "Guests"}),
    "radar.value_list_item": ({"value": "a@b.example"}, {}),
    "terminal.configuration": ({}, {"tipping": {"usd": {"fixed_amounts": [100, 200], "percentages": [5]}}}),
    "terminal.location": ({"display_name": "Shop", "address": {"country": "US", "city": "Bend"}}, {"phone": "+15550100"}),
}  # fmt: skip
LIST = {"alias": "those", "name": "Those"}


def least(api: Caller, kind: str) -> dict[str, Any]:
    """The least parameters, with what they name made before."""
    sent, _ = LEAST[kind]
    if kind != "radar.value_list_item":
        return sent
    return {**sent, "value_list": api.made("/v1/radar/value_lists", **LIST)["id"]}


def checked(method: str, path: str, reply: Reply) -> Any:
    """The answer, which the API document allows and which says what it is."""
    assert reply.status == 200, reply.data
    assert reply.headers["Emulated"] == "echo"
    schema = schema_of(method, path)
    assert schema
    problems = [error.message for error in Draft202012Validator(schema).iter_errors(reply.data)]
    assert not problems, problems
    return reply.data


@pytest.mark.parametrize("resource", ECHOED, ids=lambda resource: resource.kind)
def test_its_whole_life_is_an_echo(api: Caller, resource: Resource) -> None:
    """It is created, retrieved as it was answered, changed, listed, deleted and then gone."""
    sent = least(api, resource.kind)
    made = checked("POST", resource.path, api.post(resource.path, **sent))
    one = f"{resource.path}/{made['id']}"
    assert made["id"].startswith(resource.prefix)
    assert checked("GET", one, api.get(one)) == made
    changed = made
    if "update" in resource.verbs:
        _, change = LEAST[resource.kind]
        changed = checked("POST", one, api.post(one, **change))
        assert changed == made | change
    beside = {"value_list": made["value_list"]} if "value_list" in made else {}
    listed = checked("GET", resource.path, api.get(resource.path, **beside))
    assert listed["data"] == [changed]
    if "delete" in resource.verbs:
        gone = checked("DELETE", one, api.delete(one))
        assert gone == {"id": made["id"], "object": resource.kind, "deleted": True}
        assert api.get(resource.path, **beside)["data"] == []
        kept = api.get(one)
        assert kept.data == gone if resource.remembered else kept.status == 404


@pytest.mark.parametrize("resource", ECHOED, ids=lambda resource: resource.kind)
def test_no_amount_is_computed(resource: Resource) -> None:
    """Nothing in it is an amount but what was sent as one."""
    sent = {*resource.echoes.split()}
    computed = [each for name, each in contract.fields(resource.kind).items() if name not in sent]
    assert not any(map(has_money, computed))


def has_money(said: contract.Shape) -> bool:
    """Whether the document calls it an amount, or anything inside of it but of other objects."""
    if said.expands:
        return False
    inside = [*said.fields.values(), *(each for each in (said.items, said.values) if each)]
    others = [each for each in said.alternatives if each is not said]
    return said.is_money or any(map(has_money, [*inside, *others]))


def test_amounts_are_found() -> None:
    """What tells an amount finds one inside of an object, where there is one."""
    assert has_money(contract.fields("checkout.session")["total_details"])


@pytest.mark.parametrize("resource", ECHOED, ids=lambda resource: resource.kind)
def test_it_tells_what_the_document_knows_of(api: Caller, resource: Resource) -> None:
    """It has the document's events, of what is done here, and no others."""
    known = {*contract.event_types()}
    words = ("created", "updated", "deleted")
    assert {*resource.emits.split()} == {
        each for each in words if f"{resource.kind}.{each}" in known
    }
    made = api.made(resource.path, **least(api, resource.kind))
    types = [event["type"] for event in api.get("/v1/events")["data"]]
    expected = [f"{made['object']}.created"] if "created" in resource.emits else []
    assert types == expected


REFUSED = [  # method, path, what is sent → code or type, param
    ("POST", "/v1/radar/value_lists", {"name": "Friends"}, "parameter_missing", "alias"),
    ("POST", "/v1/radar/value_lists", {**LIST, "colour": "red"}, "parameter_unknown", "colour"),
    ("POST", "/v1/radar/value_lists", {**LIST, "item_type": "colour"}, None, "item_type"),
    ("POST", "/v1/radar/value_list_items", {"value": "x", "value_list": "rsl_no"}, "resource_missing", "value_list"),
    ("GET", "/v1/radar/value_lists/rsl_no", {}, "resource_missing", "value_list"),
    ("POST", "/v1/terminal/locations", {"display_name": "Shop"}, "parameter_missing", "address"),
    ("POST", "/v1/terminal/configurations", {"stripe_s700": {"splashscreen": "file_1"}}, "emulator_error", "stripe_s700"),
    ("POST", "/v1/billing_portal/configurations", {"features": {"invoice_history": {"enabled": True}}, "login_page": {"enabled": True}}, "emulator_error", "login_page[enabled]"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "sent", "code", "param"), REFUSED)
def test_what_is_sent_is_judged(
    api: Caller, method: str, path: str, sent: dict[str, Any], code: str | None, param: str
) -> None:
    """Unknown, missing and wrong parameters are refused, and those that would do something."""
    reply = api(method, path, **sent)
    assert reply.headers["Emulated"] == "echo"
    error = reply.error
    told = "emulator_error" if error["type"] == "emulator_error" else error.get("code")
    assert (told, error["param"]) == (code, param)


def test_a_list_shows_what_is_on_it(api: Caller) -> None:
    """The items of a value list stand in it, and go with it."""
    values = api.made("/v1/radar/value_lists", **LIST)
    item = api.made("/v1/radar/value_list_items", value="x", value_list=values["id"])
    shown = api.get(f"/v1/radar/value_lists/{values['id']}")["list_items"]
    assert (shown["data"], shown["has_more"]) == ([item], False)
    api.delete(f"/v1/radar/value_lists/{values['id']}")
    assert api.get(f"/v1/radar/value_list_items/{item['id']}").status == 404


def test_inactive_features_are_not_listed(api: Caller) -> None:
    """A feature that is switched off is found only by those who ask for archived ones."""
    path = "/v1/entitlements/features"
    feature = api.made(path, lookup_key="more", name="More")
    api.made(f"{path}/{feature['id']}", active=False)
    assert api.get(path)["data"] == []
    assert [row["id"] for row in api.get(path, archived=True)["data"]] == [feature["id"]]


def test_what_is_simulated_is_no_echo(api: Caller) -> None:
    """Answers of other resources do not have the header."""
    assert "Emulated" not in api.get("/v1/customers").headers

"""What a builder needs beside forms, as data: connections, errors, resources, versions."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from support import ACTIONS

import stripe_nodes
from stripe_plugin import Connection, Host, NodeError, UsageError
from stripe_plugin.host.advice import DECLINES, describe_errors
from stripe_plugin.host.manifest import describe_connection, describe_resources

_PACKAGE = find_spec("stripe_manifests")
assert _PACKAGE is not None
assert _PACKAGE.submodule_search_locations
FOLDER = Path(_PACKAGE.submodule_search_locations[0])
MADE: dict[str, Any] = {
    "connection": describe_connection(),
    "errors": describe_errors(),
    "resources": describe_resources(stripe_nodes.actions()),
}


@pytest.mark.parametrize("name", MADE)
def test_a_file_is_not_stale(name: str) -> None:
    """The committed file is what the tables say now, or else it must be written again."""
    committed = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    assert committed == json.loads(json.dumps(MADE[name]))


# --- connection.json ------------------------------------------------------------------------------


def test_a_connection_is_made_of_its_rows() -> None:
    """The rows are the arguments of Connection, and their examples make one."""
    rows = {row["name"]: row["example"] for row in MADE["connection"]["inputs"]}
    made = Connection(**rows | {"api_key": "sk_test_123"})
    assert (made.account, made.rate) == (rows["account"], rows["rate"])
    assert made.base_url == rows["base_url"]


def test_only_the_key_is_secret() -> None:
    """The key is marked, and typed where nobody reads along."""
    about = MADE["connection"]
    assert [row["name"] for row in about["inputs"] if row["secret"]] == ["api_key"]
    assert about["ui_schema"]["api_key"]["ui:widget"] == "password"


def test_the_rows_variables_are_read() -> None:
    """What a row calls its variable is what the environment may hold."""
    variables = {row["variable"]: row["name"] for row in MADE["connection"]["inputs"]}
    given = {"STRIPE_API_KEY": "sk_test_1", "STRIPE_ACCOUNT": "acct_1"}
    made = Connection.from_env({**given, "STRIPE_API_BASE": "http://127.0.0.1:9"})
    for variable, name in variables.items():
        if variable and name != "api_key":
            assert getattr(made, name) is not None
    assert made.api_key.reveal() == given["STRIPE_API_KEY"]


def test_a_connection_is_tried_by_what_changes_nothing() -> None:
    """The trial runs, only reads, and tells what each error of it means."""
    trial = MADE["connection"]["trial"]
    with Host.load() as host:
        assert host.manifest(trial["action"])["hints"]["read_only"]
        host.run(trial["action"], trial["inputs"], connection=Connection.emulator())
    assert trial["means"].keys() <= MADE["errors"]["categories"].keys()


def test_what_a_key_may_do_is_told_as_described() -> None:
    """Each member of what Host.check answers is explained, and no other."""
    with Host.load() as host:
        found = host.check(Connection.emulator(), ["list_products"])
    assert MADE["connection"]["check"]["tells"].keys() == found.as_dict().keys()


def test_modes_are_those_of_connections() -> None:
    """Every mode that a connection can be in is explained."""
    live = Connection("sk_live_123", allow_live=True)
    all_ = [Connection.emulator(), Connection("sk_test_123"), live]
    assert [*MADE["connection"]["modes"]] == [each.mode for each in all_]
    with pytest.raises(UsageError, match="real money"):
        Connection("sk_live_123")


# --- errors.json ----------------------------------------------------------------------------------


def test_every_kind_of_error_has_advice() -> None:
    """Whatever can end a run is explained, with the status that a host may answer with."""
    categories = MADE["errors"]["categories"]
    ours = {
        name: it
        for name, it in NodeError._kinds.items()
        if it.__module__.startswith("stripe_plugin.")
    }
    assert categories.keys() == ours.keys()
    for category, about in categories.items():
        kind = ours[category]
        assert (about["raised_as"], about["http_status"]) == (kind.__name__, kind.http_status)
        assert about["means"].endswith(".")
        assert about["do"].endswith(".")


def test_decline_codes_have_a_sentence() -> None:
    """The codes that Stripe documents are told in sentences; who took a card is not told on."""
    for code in ("insufficient_funds", "expired_card", "do_not_honor", "authentication_required"):
        assert code in DECLINES
    assert all(sentence.endswith(".") for sentence in DECLINES.values())
    for code in ("lost_card", "stolen_card", "fraudulent", "pickup_card"):
        assert "no more than that the card was declined" in DECLINES[code]


# --- resources.json -------------------------------------------------------------------------------


def test_every_resource_of_an_action_is_there() -> None:
    """What an action is about, and what its rows refer to, has a label, a plural and an icon."""
    resources = MADE["resources"]
    for found in ACTIONS.values():
        referred = [row.reference.object for row in found.spec.rows if row.reference]
        assert {found.spec.resource, *referred} <= resources.keys()
    for about in resources.values():
        assert about["plural"] == f"{about['label']}s"
        assert about["icon"]
        assert about["listed_by"] is None or about["listed_by"] in ACTIONS


def test_an_address_of_the_dashboard_gives_its_id_back() -> None:
    """What is pasted from the address bar is the ID again, in both modes."""
    for found in ACTIONS.values():
        subject = found.spec.subject
        for address in (MADE["resources"][subject.object]["dashboard"] or {}).values():
            assert subject.id_in(address.format(id=subject.example_id)) == subject.example_id


# --- versions -------------------------------------------------------------------------------------


def test_a_host_tells_its_versions() -> None:
    """A builder learns which version, which of Stripe's, and which contract it has before it."""
    index = json.loads((FOLDER / "index.json").read_text("utf-8"))
    about = Host().about()
    assert about["stripe_version"] == index["stripe_version"]
    assert about["manifest_version"] == index["manifest_version"]
    assert {"version", "python", "contract"} <= about.keys()
    json.dumps(about)


def test_the_connections_form_is_as_a_manifests() -> None:
    """The parts of a manifest that draw a form are there for a connection, too."""
    schema = json.loads((FOLDER / "manifest.schema.json").read_text("utf-8"))
    drawn = ("form_schema", "ui_schema", "ui_layout", "labels", "messages", "input_schema")
    for part in drawn:
        validator = Draft202012Validator({"$defs": schema["$defs"], **schema["properties"][part]})
        assert list(validator.iter_errors(MADE["connection"][part])) == []

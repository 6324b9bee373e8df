"""What does a tool answer? Stripe's object, or a sentence that names the display key.

An error never has structured content: clients hold that to the schema of a success.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from stripe_hosts.mcp_door.tool import Own
from stripe_plugin.errors import NodeError, near
from stripe_plugin.host import advice
from stripe_plugin.run.context import HALF
from stripe_plugin.run.result import Result
from stripe_plugin.secrets import said

Data = dict[str, Any]
Mode = str | None  # without one, it is not known whose account it would have been
# In `_meta`: how a run went, what ended it, and whose account it was.
RUN, ERROR, MODE = "stripe-nodes/run", "stripe-nodes/error", "stripe-nodes/mode"
MODES: Mapping[str, str] = MappingProxyType(
    {
        "emulated": "Mode: emulated. The small Stripe of this machine answers, not Stripe.",
        "test": "Mode: test. It is Stripe's test data, and no money moves.",
        "live": "Mode: live. It is the real account, and real money.",
    }
)
REPLAYED = "It had been executed before under this idempotency key, and was not executed again."
CUT = (
    "A client secret in it is cut, as models pass on what they read: whoever runs the server gives"
    " it whole by --client-secrets."
)
MENDED = (
    "Stripe's text has half a character (a surrogate), which is shown as \N{REPLACEMENT CHARACTER}."
)
AGAIN = 'Call it again with {} "{}": it is executed only once.'
LATER = "Call it again a little later."
UNEXPECTED = (
    "Something unexpected: {}. Nothing says whether it was executed: look at Stripe before you"
    " call it again."
)
# What to do, where the advice for hosts is not for a model; nothing, if the sentence says it all.
DO: Mapping[str, str] = MappingProxyType(
    {
        "authentication": "Whoever runs this server can give it another key, and start it anew.",
        "permission": "Whoever runs this server can give its key what it lacks.",
        **dict.fromkeys(("invalid_request", "usage", "idempotency", "unreconciled"), ""),
        **dict.fromkeys(("connection", "api"), ""),
    }
)


def success(result: Result, name: str, key: str | None, *, whole: bool) -> Data:
    """Stripe's object as data and as text, and a sentence about the run.

    `whole`: with client secrets, which else are cut.
    """
    facts = result.plain() if whole else result.as_dict()
    output = facts.pop("output")
    told = [f"{name}: done.", MODES[result.mode]]
    if result.replayed:
        told.append(REPLAYED)
    if output != result.output:
        told.append(CUT)
    if result.note:
        told.append(result.note)
    facts["idempotency_key"] = key
    as_text = json.dumps(output, ensure_ascii=False)
    return {
        "content": _texts(as_text, " ".join(told)),
        "structuredContent": output,
        "isError": False,
        "_meta": {MODE: result.mode, RUN: facts},
    }


def failure(error: NodeError, mode: Mode, own: Own | None = None) -> Data:
    """What is wrong, where, and what to do; all of it as data in `_meta`.

    `own`: the arguments that the call could have beside its inputs, if that is known.
    """
    facts = error.as_dict()
    sentences = [facts["text"], _advice(facts, own)]
    text = " ".join(_ended(sentence) for sentence in sentences if sentence)
    return _failed(text, mode, {ERROR: facts})


def unexpected(error: Exception, mode: Mode) -> Data:
    """What a plugin raises, or a fault of ours."""
    return _failed(UNEXPECTED.format(said(error)), mode, {})


def _failed(text: str, mode: Mode, meta: Data) -> Data:
    texts = [text, MODES[mode]] if mode else [text]
    meta[MODE] = mode
    return {"content": _texts(*texts), "isError": True, "_meta": meta}


def sendable(answer: Data) -> Data:
    """An answer without halves of characters, which no message can have; it says so."""
    text = json.dumps(answer, ensure_ascii=False)
    whole = HALF.sub("\N{REPLACEMENT CHARACTER}", text)
    if whole == text:
        return answer
    mended: Data = json.loads(whole)
    mended["content"] += _texts(MENDED)
    return mended


def _advice(facts: Data, own: Own | None) -> str | None:
    """What to do about it, if the sentence does not say so."""
    category = facts["category"]
    if category == "invalid_inputs":
        return _unknown(facts["problems_at"], own)
    if facts["retryable"] or _is_open(facts):
        return _again(facts.get("idempotency_key"), own)
    if category in DO:
        return DO[category]
    declined = advice.DECLINES.get(facts.get("decline_code") or "")
    return declined or advice.ADVICE[category].do


def _is_open(facts: Data) -> bool:
    """Whether the same call would find out what came of it."""
    lost = facts["category"] in ("connection", "api")
    return lost and facts["outcome_unknown"] and not facts["replayed"]


def _again(key: str | None, own: Own | None) -> str:
    """How to repeat it; what only reads has no key."""
    if key and own and own.key:
        return AGAIN.format(own.key, key)
    return LATER


def _unknown(problems: list[Data], own: Own | None) -> str | None:
    """Where an argument is no input: which others there are."""
    unknown = [each for each in problems if each["rule"] == "not_a_row"]
    if not unknown or own is None:
        return None
    names = ", ".join(own.names)
    hint = near(unknown[0]["key"], own.names)
    return f"Beside its inputs a call has {names}{hint}."


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _texts(*texts: str) -> list[Data]:
    return [{"type": "text", "text": text} for text in texts]

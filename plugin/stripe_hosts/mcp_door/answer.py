"""What does a tool answer? Stripe's object, or a sentence that names the display key.

An error never has structured content: clients hold that to the schema of a success.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from stripe_plugin.errors import NodeError
from stripe_plugin.host import advice
from stripe_plugin.run.result import Result
from stripe_plugin.secrets import said

Data = dict[str, Any]
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
AGAIN = 'Call it again with idempotency_key "{}": it is executed only once.'
LATER = "Call it again a little later."
UNEXPECTED = (
    "Something unexpected: {}. Nothing says whether it was executed: look at Stripe before you"
    " call it again."
)
# Errors whose sentence says already what to do.
TOLD = ("invalid_inputs", "invalid_request", "usage", "unreconciled")


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
    return {
        "content": [_text(json.dumps(output, ensure_ascii=False)), _text(" ".join(told))],
        "structuredContent": output,
        "isError": False,
        "_meta": {MODE: result.mode, RUN: {**facts, "idempotency_key": key}},
    }


def failure(error: NodeError, mode: str | None) -> Data:
    """What is wrong, where, and what to do; all of it as data in `_meta`."""
    facts = error.as_dict()
    sentences = [facts["text"], _advice(facts)]
    text = " ".join(_ended(sentence) for sentence in sentences if sentence)
    return _failed(text, mode, {ERROR: facts})


def unexpected(error: Exception, mode: str | None) -> Data:
    """What a plugin raises, or a fault of ours."""
    return _failed(UNEXPECTED.format(said(error)), mode, {})


def _failed(text: str, mode: str | None, meta: Data) -> Data:
    content = [_text(text)]
    if mode:
        content.append(_text(MODES[mode]))
    return {"content": content, "isError": True, "_meta": {MODE: mode, **meta}}


def _advice(facts: Data) -> str | None:
    """What to do about it, if the sentence does not say so."""
    category = facts["category"]
    if category in TOLD:
        return None
    if facts["retryable"] and category != "idempotency":
        key = facts.get("idempotency_key")
        return AGAIN.format(key) if key else LATER
    declined = advice.DECLINES.get(facts.get("decline_code"))
    return declined or advice.ADVICE[category].do


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _text(text: str) -> Data:
    return {"type": "text", "text": text}

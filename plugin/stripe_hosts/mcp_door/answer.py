"""What does a tool answer? Stripe's object, or a sentence that names the display key.

An error never has structured content: clients hold that to the schema of a success.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from stripe_hosts.mcp_door.advised import advised
from stripe_hosts.mcp_door.tool import Own
from stripe_plugin.errors import NodeError
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
UNEXPECTED = (
    "Something unexpected: {}. Nothing says whether it was executed: look at Stripe before you"
    " call it again."
)


def success(result: Result, name: str, key: str | None, *, whole: bool) -> Data:
    """Stripe's object as data and as text, and a sentence about the run.

    `whole`: with client secrets, which else are cut.
    """
    facts = result.plain() if whole else result.as_dict()
    output = facts.pop("output")
    told = [f"{name}: done.", MODES[result.mode]]
    if result.replayed and not result.note:
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
    sentences = [facts["text"], advised(facts, own)]
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


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _texts(*texts: str) -> list[Data]:
    return [{"type": "text", "text": text} for text in texts]

"""What do all actions share at the HTTP door, as JSON Schema: parameters, results, problems?"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Data = dict[str, Any]
WRONG = "What went wrong, as problem details (RFC 9457); problems_at says at which input."
TEXT: Data = {"type": "string"}
FREE: Data = {"type": "object", "additionalProperties": True}

IN_HEADERS: Mapping[str, Data] = MappingProxyType(
    {
        "Idempotency-Key": {
            **TEXT,
            "maxLength": 255,
            "description": "By what Stripe knows the run again: sent again within a day, it is"
            " executed only once.",
        },
        "Prefer": {
            **TEXT,
            "description": "wait=30 ends the run after 30 seconds; it may have been executed all"
            " the same, so send it again under the same key.",
        },
    }
)
ACCOUNT: Data = {**TEXT, "title": "Account", "description": "One that the server has by name."}
IN_QUERY: Mapping[str, Data] = MappingProxyType(
    {
        "run": {
            **TEXT,
            "title": "Run",
            "description": "The run's name: repeated under it, a step is executed only once.",
        },
        "step": {**TEXT, "title": "Step", "description": "Which step of the run."},
        "item": {**TEXT, "title": "Item", "description": "Which one, in a loop."},
    }
)
RESULT: Mapping[str, Data] = MappingProxyType(
    {
        "request_id": {"type": ["string", "null"], "description": "Stripe's, for its support."},
        "attempts": {"type": "integer"},
        "replayed": {"type": "boolean", "description": "Nothing was executed again."},
        "livemode": {"type": "boolean", "description": "Whether real money moved."},
        "mode": {"type": "string", "enum": ["emulated", "test", "live"]},
        "note": {
            "type": ["string", "null"],
            "description": "What a person should know of how it was found.",
        },
    }
)
PLACE: Data = {
    "type": "object",
    "properties": {
        "path": {"type": "array", "description": "Parameter names, and positions from 0."},
        "key": {**TEXT, "description": "The display key."},
        "rule": TEXT,
        "text": {**TEXT, "description": "The sentence for a person."},
    },
    "required": ["path", "key", "rule", "text"],
}
PROBLEM_SCHEMA: Data = {
    "type": "object",
    "description": WRONG,
    "properties": {
        "type": {**TEXT, "description": "The kind: /errors# and its name."},
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": {**TEXT, "description": "The sentence for a person."},
        "advice": {**TEXT, "description": "What to do."},
        "problems_at": {"type": "array", "items": PLACE},
        "error": {**FREE, "description": "The error of the run, whole."},
    },
    "required": ["type", "title", "status", "detail", "advice", "problems_at"],
}

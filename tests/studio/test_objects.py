"""Is every object a row, with what points to it, and what a customer or a bank would do?"""

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hosts_support import Emulated
from starlette.testclient import TestClient
from studio_support import browser, studio, texts

from stripe_emulator import Emulator
from stripe_plugin import Connection

HOSTILE = "<script>alert('x')</script> \"quoted\" & more"
NOWHERE = "http://127.0.0.1:9/hook"

"""What does dj-stripe keep of an account? `python sync.py ADDRESS FOLDER MODEL...`, as JSON.

Runs in an environment that has Django and dj-stripe; the database is in the folder, of SQLite.
"""

import io
import json
import sys

import django
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command

KEY = "sk_test_00000000000000000000000000"


def main(address: str, folder: str, names: list[str]) -> None:
    """Syncs model after model, and prints the IDs of each, or what was said when it failed."""
    engine = {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/synced.db"}
    settings.configure(
        DATABASES={"default": engine},
        DJSTRIPE_FOREIGN_KEY_TO_FIELD="id",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "djstripe"],
        STRIPE_API_HOST=address,
        STRIPE_LIVE_MODE=False,
        STRIPE_TEST_SECRET_KEY=KEY,
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)
    print(json.dumps({name: synced(name) for name in names}))


def synced(name: str) -> list[str] | str:
    """The IDs of a model's objects, or what went wrong."""
    said = io.StringIO()
    try:
        call_command("djstripe_sync_models", name, fail_on_error=True, stdout=said, stderr=said)
    except CommandError:
        return said.getvalue()
    ids = apps.get_model("djstripe", name).objects.values_list("id", flat=True)
    return sorted(ids)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])

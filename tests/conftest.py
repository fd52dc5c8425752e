"""What every test stands on: settings of their own, never those of the machine."""

import base64
import os

os.environ["LINKDESK_SETTINGS"] = os.devnull
os.environ["SECRET_KEY"] = "tests-only"
os.environ["AUDIT_KEYS"] = "a1:" + base64.b64encode(b"a" * 32).decode()
os.environ["FIELD_KEYS"] = "f1:" + base64.b64encode(b"f" * 32).decode()
os.environ["HTTPS"] = "false"
os.environ.setdefault("DATABASE_URL", "sqlite:////tmp/linkdesk-tests.sqlite3")
os.environ.setdefault("TASKS_URL", "sqlite:////tmp/linkdesk-tests-tasks.sqlite3")

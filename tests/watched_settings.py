"""The settings of a desk's processes: the product's own, and the watch over changes without an entry."""

from dashboard.settings import *  # noqa: F403
from dashboard.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.shadow_app.ShadowConfig"]

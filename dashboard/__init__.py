"""The dashboard: a Django project and its one app."""

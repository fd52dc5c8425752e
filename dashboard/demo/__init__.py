"""The demo: a whole Linkdesk on this machine, with emulated providers and invented customers."""

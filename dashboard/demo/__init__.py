"""The demo: a whole Linkdesk on this machine, with an emulated provider and invented customers."""

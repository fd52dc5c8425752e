"""A fifth provider, written by ADDING.md alone: the proof that a provider is one folder."""

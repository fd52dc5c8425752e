"""A fifth provider, made as ADDING.md says and nothing else told of it: the proof that a provider is one folder."""

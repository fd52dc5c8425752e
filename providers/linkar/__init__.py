"""Linkar."""

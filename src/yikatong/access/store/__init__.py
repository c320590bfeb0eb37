"""Statements of access, one typed function each, by noun."""

"""Adapters to organisations outside, over HTTP; each stands behind the Protocol of the room that needs it."""

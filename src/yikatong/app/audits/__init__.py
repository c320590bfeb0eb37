"""What `yikatong audit` recomputes: every room's own, the decisions, the sealed log, and all of it together."""

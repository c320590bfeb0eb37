"""RFC 5297: AES-SIV, the deterministic seal of an alias."""

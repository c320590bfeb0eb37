"""RFC 9106: Argon2id: what is kept of a password."""

"""The list of trusted regions, signed by a root of trust: rotation, rollback, time and revocation."""

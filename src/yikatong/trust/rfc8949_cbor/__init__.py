"""RFC 8949: CBOR, read strictly and written deterministically."""

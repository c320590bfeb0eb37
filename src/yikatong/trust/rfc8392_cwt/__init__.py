"""RFC 8392, RFC 8747: CWT claims with a confirmation key."""

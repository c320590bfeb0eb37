"""RFC 9052, RFC 9053: COSE_Sign1 and COSE_Key."""

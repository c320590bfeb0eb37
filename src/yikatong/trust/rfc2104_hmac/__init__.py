"""RFC 2104: HMAC, with SHA-256 or SM3 (GB/T 32905-2016): marks."""

"""NIST SP 800-38D: Galois/Counter Mode with AES-256 or SM4 (GB/T 32907-2016): the seal of personal fields."""

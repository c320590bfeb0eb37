"""The log's decisions: hashes and proofs of its trees, and what is signed of them."""

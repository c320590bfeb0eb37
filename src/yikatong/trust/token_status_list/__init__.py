"""Token Status List: one place for each certificate in a signed, compressed bit list, in CWT form."""

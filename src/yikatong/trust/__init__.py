"""Trust: keys, signed envelopes, status lists, the list of trusted regions, sealing of personal fields.

Owns      trust.trust_list, trust.status_list_snapshot
Promises  what verifies was signed by the pinned key with the pinned algorithm; a held list never goes back;
          what is sealed opens only with its key and its context
Asks      a passphrase, or an outside cryptographic module, for the keys at rest
Never     returns a boolean from a verification; lets a header choose the algorithm; writes a secret in the clear
"""

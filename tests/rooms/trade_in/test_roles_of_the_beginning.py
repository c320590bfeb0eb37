"""With the roles with which a region begins each office and counter meets the trade-in by its own permission."""

from yikatong.access.service.starting_roles import FIRST_ROLE, STARTING_ROLES
from yikatong.plumbing.http import CallerKind
from yikatong.trade_in.api.roles import Role


def test_every_office_and_the_counter_has_its_role_from_the_beginning_and_no_other_has_it() -> None:
    wanted = {role.value.permission for role in Role if role.value.caller is CallerKind.OPERATOR}
    holders = {
        permission: [role.name for role in STARTING_ROLES if permission in role.permissions] for permission in wanted
    }

    assert {
        "trade_in.counter": ["counter"],
        "trade_in.commerce": ["commerce"],
        "trade_in.finance": ["finance"],
    } == holders
    assert [FIRST_ROLE] == [role.name for role in STARTING_ROLES if "*" in role.permissions]

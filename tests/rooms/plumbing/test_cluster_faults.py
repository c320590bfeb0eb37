"""What a cluster calls an internal error though it is a row that was there before, or a node that is gone."""

import pytest
from psycopg import errors
from psycopg.pq import DiagnosticField

from yikatong.plumbing.cluster_faults import faults_named, named


def an_internal_error(
    function: bytes, detail: str | None = None, *, message: str = "已存在 already exists"
) -> errors.InternalError_:
    """An error as a server raises it in one function of its source."""
    info: dict[int, bytes | None] = {
        DiagnosticField.SOURCE_FUNCTION: function,
        DiagnosticField.MESSAGE_PRIMARY: message.encode(),
    }
    if detail is not None:
        info[DiagnosticField.MESSAGE_DETAIL] = detail.encode()
    return errors.InternalError_(message, info=info)


A_BROKEN_RULE = an_internal_error(b"ReportCopyError", "Failing row contains (0, 7, -1, (a) = (b)).")


@pytest.mark.parametrize(
    "detail", [None, "Key (bucket, id)=(0, 7) already exists.", '键值"(bucket, id)=(0, 7)" 已经存在']
)
def test_what_a_copy_into_a_shard_met_is_a_row_that_was_there_before(detail: str | None) -> None:
    with pytest.raises(errors.UniqueViolation, match="already exists"), faults_named():
        raise an_internal_error(b"ReportCopyError", detail)


@pytest.mark.parametrize(
    "message",
    ["failure on connection marked as essential: 10.0.0.2:5432", "postmaster was shut down, exiting"],
)
def test_a_node_that_is_gone_is_a_line_that_failed(message: str) -> None:
    with pytest.raises(errors.ConnectionFailure, match=message), faults_named():
        raise an_internal_error(b"CheckRemoteTransactionsHealth", message=message)


@pytest.mark.parametrize(
    "fault", [an_internal_error(b"mdread"), A_BROKEN_RULE, errors.CheckViolation("a floor"), ValueError("ours")]
)
def test_whatever_else_is_raised_stays_what_it_is(fault: Exception) -> None:
    with pytest.raises(type(fault)) as raised, faults_named():
        raise fault

    assert fault is raised.value
    assert fault is named(fault)

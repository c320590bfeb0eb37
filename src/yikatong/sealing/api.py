"""HTTP routes of the sealed log: open to anyone, they tell digests and signatures, and nothing of a person."""

from functools import partial
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Call, Route, open_query
from yikatong.sealing import service
from yikatong.sealing.model import Head, Inclusion, Reason, WitnessedHead
from yikatong.trust import service as trust
from yikatong.trust.model import KeyHolder

Number = Annotated[int, Meta(ge=0, le=2**62)]


class LogKey(Struct, frozen=True):
    """A key of the log, as a COSE_Key, under the id that signed envelopes name."""

    key_id: bytes
    key: bytes


class HeadAnswer(Struct, frozen=True):
    """The log as it stands, null while it is empty; what a witness signed last; the log's keys."""

    head: Head | None
    witnessed: WitnessedHead | None
    keys: tuple[LogKey, ...]


class SeriesAnswer(Struct, frozen=True):
    """The certificate of the key that signed a series' batches."""

    certificate: bytes


class InclusionQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which batch to prove."""

    series: UUID
    number: Number


class ConsistencyQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Between which two lengths."""

    old: Number
    new: Number


class ConsistencyAnswer(Struct, frozen=True):
    """The proof of RFC 9162 §2.1.4."""

    path: tuple[bytes, ...]


class _Log:
    def __init__(self, holder: KeyHolder) -> None:
        self._holder = holder

    async def get_head(self, call: Call, body: None, query: None) -> HeadAnswer:
        head, witnessed = await service.get_head(call.conn)
        keys = tuple(
            LogKey(key_id, trust.encode_cose_key(key.public_key))
            for key_id, key in service.log_keys_of(self._holder).items()
        )
        return HeadAnswer(head, witnessed, keys)


async def _get_series(call: Call, body: None, query: None) -> SeriesAnswer:
    try:
        series = UUID(call.path["series"])
    except ValueError:
        raise Refused(Reason.BATCH_IS_NOT_IN_THE_LOG) from None
    return SeriesAnswer(await service.get_certificate(call.conn, series=series))


async def _prove_inclusion(call: Call, body: None, query: InclusionQuery) -> Inclusion:
    return await service.prove_inclusion(call.conn, series=query.series, number=query.number)


async def _prove_consistency(call: Call, body: None, query: ConsistencyQuery) -> ConsistencyAnswer:
    return ConsistencyAnswer(await service.prove_consistency(call.conn, old=query.old, new=query.new))


_look_up = partial(open_query, tag="log")


def routes(*, holder: KeyHolder) -> tuple[Route, ...]:
    """The routes of the log."""
    return (
        _look_up(
            "/v1/log",
            "get_log_head",
            "The head of the sealed log, signed, and as a witness signed it",
            "封存日志的日志头（已签名），及见证方签名的日志头",
            handle=_Log(holder).get_head,
            answer=HeadAnswer,
        ),
        _look_up(
            "/v1/log/series/{series}",
            "get_log_series",
            "The certificate of the key that signs a series of batches",
            "某批次序列签名密钥的证书",
            handle=_get_series,
            answer=SeriesAnswer,
            reasons=(Reason.BATCH_IS_NOT_IN_THE_LOG,),
        ),
        _look_up(
            "/v1/log/inclusion",
            "prove_log_inclusion",
            "Proof that the log holds a batch",
            "证明日志包含某批次",
            handle=_prove_inclusion,
            query=InclusionQuery,
            answer=Inclusion,
            reasons=(Reason.BATCH_IS_NOT_IN_THE_LOG,),
        ),
        _look_up(
            "/v1/log/consistency",
            "prove_log_consistency",
            "Proof that the log only grew between two lengths",
            "证明日志在两个长度之间只增未改",
            handle=_prove_consistency,
            query=ConsistencyQuery,
            answer=ConsistencyAnswer,
            reasons=(Reason.LOG_IS_SHORTER,),
        ),
    )

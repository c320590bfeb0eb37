"""HTTP routes of codes: a wallet refreshes its certificates; anyone reads status lists and the trusted regions."""

from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from yikatong.cards import service as cards
from yikatong.cards.model import Reason as CardReason
from yikatong.cards.model import Terms
from yikatong.codes import service
from yikatong.codes.model import Reason, Refreshed, SceneGroup
from yikatong.kernel.base64url import read_base64url, write_base64url
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.http import Call, CallerKind, Route, RouteKind
from yikatong.trust import service as trust
from yikatong.trust.model import HeldTrustList, KeyHolder
from yikatong.trust.model import Reason as TrustReason

Base64Url = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]*$", max_length=4096, description="base64url without padding")]


class RefreshBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A refresh request as the device's enrolment key signed it (docs/formats/card-code)."""

    request: Base64Url


class CertificateAnswer(Struct, frozen=True):
    """One certificate, beside the show key it was asked for."""

    scene_group: SceneGroup
    show_key: str
    certificate: str
    expires_at: datetime


class RefreshAnswer(Struct, frozen=True):
    """A pool of certificates in the order asked, and the server's time to set the wallet's clock by."""

    certificates: tuple[CertificateAnswer, ...]
    server_time: datetime


class StatusListAnswer(Struct, frozen=True):
    """The signed list of one block of 65536 places: a Status List Token in CWT form."""

    number: int
    subject: str
    made_at: datetime
    good_until: datetime
    token: str


class StatusListsAnswer(Struct, frozen=True):
    """The lists of every block with a certificate that has not expired; a block that is not here has none."""

    region: str
    lists: tuple[StatusListAnswer, ...]


class ChipCertificateAnswer(Struct, frozen=True, kw_only=True):
    """A chip's certificate as the region signed it (docs/formats/chip), base64url, to be written onto the chip."""

    card_number: str
    certificate: str
    expires_at: datetime


class SinceQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The edition that is held: when it was issued, in seconds since 1970, as its lists say."""

    since: Annotated[int, Meta(ge=0, lt=2**32)]


class StatusDeltasAnswer(Struct, frozen=True):
    """Signed status deltas (docs/formats/status-list), to be applied in order; none when nothing newer is published."""

    region: str
    deltas: tuple[str, ...]


class TrustListAnswer(Struct, frozen=True):
    """The signed list of trusted regions that is held here."""

    sequence: int
    expires_at: datetime
    envelope: str


_NO_CERTIFICATES = (
    CardReason.DEVICE_IS_NOT_KNOWN,
    CardReason.DEVICE_IS_REVOKED,
    CardReason.RESIDENT_IS_NOT_KNOWN,
    *cards.LIVING,
    *cards.NOT_IN_ORDER,
    *cards.E_CARD_NOT_IN_ORDER,
)
"""Why a device, its resident, the card or the e-card gets no certificates."""


def routes(*, holder: KeyHolder, pinned: HeldTrustList, terms: Terms) -> tuple[Route, ...]:
    """The routes of codes, the refresh served by its own; `pinned` is the root of trust of this installation."""
    return (
        refresh_route(),
        _chip_route(holder, terms),
        _status_lists_route(),
        _status_deltas_route(holder),
        _trust_list_route(pinned),
    )


def read_request(body: RefreshBody) -> bytes:
    """What the device signed; nothing where the text is no base64url, which is refused as any other request damaged."""
    return read_base64url(body.request)


def show_refreshed(refreshed: Refreshed) -> RefreshAnswer:
    """What a refresh gave, as it is answered."""
    return RefreshAnswer(
        certificates=tuple(
            CertificateAnswer(
                one.scene_group, write_base64url(one.show_key), write_base64url(one.certificate), one.expires_at
            )
            for one in refreshed.certificates
        ),
        server_time=refreshed.server_time,
    )


def refresh_route() -> Route:
    """Describe POST /v1/wallet/refresh; refreshes are served in batches, by a direct route."""
    return Route(
        method="POST",
        path="/v1/wallet/refresh",
        name="refresh_wallet",
        tag="wallet",
        summary_en="Give a wallet a fresh pool of show-key certificates",
        summary_zh="为电子卡更新一组展码证书",
        kind=RouteKind.COMMAND,
        callers=(CallerKind.WALLET,),
        handle=_served_elsewhere,
        body=RefreshBody,
        answer=RefreshAnswer,
        reasons=(
            *_NO_CERTIFICATES,
            TrustReason.SM2_IS_NOT_AVAILABLE_HERE,
            Reason.REFRESH_IS_NOT_READABLE,
            Reason.REFRESH_SIGNATURE_IS_FALSE,
            Reason.REFRESH_IS_OUT_OF_TIME,
            Reason.REFRESH_ASKS_TOO_MANY,
            Reason.SHOW_KEY_IS_NOT_A_KEY,
            Reason.SHOW_KEY_STANDS_TWICE,
            Reason.REGION_ISSUES_NO_CODES,
        ),
        body_bytes_max=8_192,
    )


async def _served_elsewhere(call: Call, body: RefreshBody, query: None) -> RefreshAnswer:
    raise NotImplementedError("the refresh is served by its own route")


def _chip_route(holder: KeyHolder, terms: Terms) -> Route:
    async def certify_chip(call: Call, body: None, query: None) -> ChipCertificateAnswer:
        resident = await cards.get_resident_for(
            call.conn, caller=call.by(), shown_id=call.path["resident_id"], terms=terms
        )
        call.concerns(resident.id)
        certificate, signed = await service.certify_chip(
            call.conn, bucket=resident.bucket, resident_id=resident.id, holder=holder, now=call.now, ids=call.ids
        )
        return ChipCertificateAnswer(
            card_number=certificate.card_number, certificate=write_base64url(signed), expires_at=certificate.expires_at
        )

    return Route(
        method="POST",
        path="/v1/residents/{resident_id}/card/chip-certificate",
        name="certify_chip",
        tag="trust",
        summary_en="Give a card's chip a certificate, to be written onto it: terminals verify it without a network",
        summary_zh="为实体卡芯片签发证书（写入芯片后可供终端离线验证）",
        kind=RouteKind.COMMAND,
        callers=(CallerKind.OPERATOR,),
        permission="cards.certify_chip",
        handle=certify_chip,
        answer=ChipCertificateAnswer,
        reasons=(
            *cards.SCOPE,
            *cards.LIVING,
            *cards.NOT_IN_ORDER,
            Reason.CHIP_KEY_IS_UNKNOWN,
            TrustReason.SM2_IS_NOT_AVAILABLE_HERE,
            Reason.REGION_ISSUES_NO_CODES,
        ),
    )


def _status_lists_route() -> Route:
    async def list_status_lists(call: Call, body: None, query: None) -> StatusListsAnswer:
        region = call.path["region"]
        published = await service.get_status_lists(call.conn, region=region)
        return StatusListsAnswer(
            region=region,
            lists=tuple(
                StatusListAnswer(
                    number=one.number,
                    subject=service.status_list_name(region, one.number),
                    made_at=one.made_at,
                    good_until=one.good_until,
                    token=write_base64url(one.token),
                )
                for one in published
            ),
        )

    return _open_route(
        path="/v1/status-lists/{region}",
        handle=list_status_lists,
        answer=StatusListsAnswer,
        summary_en="Show a region's signed status lists: which certificates are revoked or suspended",
        summary_zh="查询某地区已签名的证书状态名单",
        reasons=(Reason.STATUS_LIST_IS_NOT_PUBLISHED,),
    )


def _status_deltas_route(holder: KeyHolder) -> Route:
    async def list_status_deltas(call: Call, body: None, query: SinceQuery) -> StatusDeltasAnswer:
        region = call.path["region"]
        since = datetime.fromtimestamp(query.since, UTC)
        deltas = await service.make_status_deltas(call.conn, region=region, since=since, holder=holder)
        return StatusDeltasAnswer(region=region, deltas=tuple(write_base64url(delta) for delta in deltas))

    return _open_route(
        path="/v1/status-lists/{region}/deltas",
        handle=list_status_deltas,
        query=SinceQuery,
        answer=StatusDeltasAnswer,
        summary_en="Show what changed in a region's status lists since the edition that is held, signed",
        summary_zh="查询自所持版本以来某地区状态名单的变化（已签名）",
        reasons=(Reason.STATUS_DELTA_IS_NOT_KEPT, Reason.REGION_ISSUES_NO_CODES),
    )


def _trust_list_route(pinned: HeldTrustList) -> Route:
    async def get_trust_list(call: Call, body: None, query: None) -> TrustListAnswer:
        held = await trust.read_held_trust_list(call.conn, pinned=pinned, now=call.now)
        if held.trust_list is None:
            raise Refused(Reason.TRUST_LIST_IS_NOT_HELD)
        return TrustListAnswer(
            sequence=held.trust_list.sequence,
            expires_at=held.trust_list.expires_at,
            envelope=write_base64url(held.envelope),
        )

    return _open_route(
        path="/v1/trust-list",
        handle=get_trust_list,
        answer=TrustListAnswer,
        summary_en="Show the signed list of trusted regions that is held here",
        summary_zh="查询本平台持有的可信地区名单",
        reasons=(Reason.TRUST_LIST_IS_NOT_HELD,),
    )


def _open_route(*, handle: Any, **parts: Any) -> Route:
    """A look-up open to anyone."""
    return Route(
        method="GET", name=handle.__name__, tag="trust", kind=RouteKind.QUERY, callers=(), handle=handle, **parts
    )

"""A terminal in a story: the client that providers run, and the ways in which someone stands before it."""

import secrets
from base64 import urlsafe_b64encode
from typing import Any

import msgspec

from simulator.stories.neighbour import Neighbour
from simulator.stories.office import Office, Operator
from simulator.stories.stage import Stage
from simulator.stories.telling import Both
from yikatong.catalogue.api.shapes import PlaceAnswer, ProviderAnswer, TerminalAnswer
from yikatong.catalogue.model import Item, scene_group
from yikatong.client.receipts import Attested, Tap
from yikatong.client.terminal import Terminal, TerminalIdentity
from yikatong.codes.model import Asked, SceneGroup
from yikatong.kernel.ids import ProviderId, TerminalId, read_id
from yikatong.trust import service as trust
from yikatong.trust.model import Algorithm


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """A provider in a story, with its place and what its terminals are for."""

    key: str
    short: Both
    credit_code: str
    name_zh: str
    name_en: str
    kind: str
    division: str
    purposes: tuple[str, ...]
    learns: tuple[str, ...]
    items: tuple[str, ...]
    receivable_limit_fen: int = 0


class Till:
    """One terminal of a provider, registered and switched on."""

    def __init__(self, stage: Stage, *, shop: Shop, office: Office, registered: "Registered", label: str) -> None:
        """Register a terminal with a key of its own and open its journal."""
        self._stage = stage
        self.shop = shop
        self.registered = registered
        self.signing_key = key = trust.new_signing_key(Algorithm.ES256)
        body = {
            "provider_id": registered.provider,
            "place_id": registered.place,
            "label": label,
            "public_key": urlsafe_b64encode(trust.encode_cose_key(key.public_key)).rstrip(b"=").decode(),
            "purposes": shop.purposes,
            "learns": shop.learns,
            "items": shop.items,
        }
        answer = office.steward.calls.post("/v1/terminals", TerminalAnswer, body)
        assert answer.token is not None
        self.token = answer.token
        self.id = answer.terminal.id
        self.calls = stage.platform.as_caller(answer.token)
        self._items: dict[str, Item] = {}
        self.terminal = Terminal.open(
            stage.platform.address,
            token=answer.token,
            identity=TerminalIdentity(
                terminal=self.id, region=office.region, provider=registered.provider, provider_name=shop.name_zh
            ),
            signing_key=key,
            journal_file=stage.folder / f"{self.id}.journal",
            journal_key=secrets.token_bytes(32),
            clock=stage.clock,
        )
        stage.closing.callback(self.terminal.close)
        self._region = office.region

    def item(self, code: str) -> Item:
        """An item of the application item list, as it counts here."""
        if code not in self._items:
            self._items[code] = self._stage.platform.get(f"/v1/items/{code}?region={self._region}", Item)
        return self._items[code]

    def scene(self, code: str) -> SceneGroup:
        """Whose show keys a wallet takes for an item."""
        return scene_group(self.item(code).scene)

    def by_shown_code(self, who: Neighbour, *, item: str, **parts: Any) -> Tap:
        """Someone shows the code on their phone."""
        return self.terminal.tap(item=item, code=who.phone.show_code(scene=self.scene(item)), **parts)

    def by_scanning(self, who: Neighbour, *, item: str, amount_fen: int | None = None, **parts: Any) -> Tap:
        """Someone scans the till's code, sees payee and amount on their own phone, and answers."""
        shown = self.terminal.challenge(item, amount_fen)
        code = who.phone.scan(shown.text, scene=self.scene(item))
        return self.terminal.tap(item=item, amount_fen=amount_fen, code=code, answers=shown.nonce, **parts)

    def by_card(self, who: Neighbour, *, item: str, amount_fen: int | None = None, with_pin: bool, **parts: Any) -> Tap:
        """Someone puts the plastic card on the reader, and perhaps types its password."""
        nonce = secrets.token_bytes(8)
        asked = Asked(
            nonce=nonce,
            amount_fen=amount_fen or 0,
            payee_id=ProviderId(read_id("provider", self.registered.provider)),
            item_number=self.item(item).number,
        )
        signed = who.chip.present(
            asked,
            terminal_id=TerminalId(read_id("terminal", self.id)),
            now=self._stage.now(),
            pin=who.pin if with_pin else None,
        )
        chip = urlsafe_b64encode(signed).rstrip(b"=").decode()
        return self.terminal.tap(item=item, amount_fen=amount_fen, chip=chip, answers=nonce.hex(), **parts)

    def by_operator(self, who: Neighbour, *, operator: Operator, why: str, item: str, **parts: Any) -> Tap:
        """An operator attests who stands there without card and phone."""
        attested = Attested(
            operator_token=operator.token,
            document="resident_id_card",
            document_number=who.id_number,
            why=why,
            attested_at=self._stage.now(),
        )
        return self.terminal.tap(item=item, attested=attested, **parts)


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """A provider and its place, as the platform knows them."""

    provider: str
    place: str


def register_shop(stage: Stage, *, shop: Shop, office: Office) -> Registered:
    """Register a provider, which a second person approves, and its place; both may be known already."""
    bank_reference = f"settle-{shop.key}"
    stage.outside.call("PUT", f"/bank/simulator/payees/{bank_reference}", type(None))
    provider = office.approved(
        office.steward,
        "/v1/providers",
        ProviderAnswer,
        {
            "credit_code": shop.credit_code,
            "name_zh": shop.name_zh,
            "name_en": shop.name_en,
            "kind": shop.kind,
            "receivable_limit_fen": shop.receivable_limit_fen,
            "bank_reference": bank_reference,
        },
    ).provider
    place = office.steward.calls.post(
        "/v1/places",
        PlaceAnswer,
        {"provider_id": provider.id, "division": shop.division, "name_zh": shop.name_zh, "name_en": shop.name_en},
    ).place
    return Registered(provider=provider.id, place=place.id)

"""How residents of a story come to cards and phones: registered, applied for, made, handed out, enrolled."""

from collections.abc import Sequence

import msgspec

from simulator.calls import ApiRefusal
from simulator.card_maker import make_cards
from simulator.stories.day import refusal_of
from simulator.stories.neighbour import Neighbour, Part
from simulator.stories.office import Office
from simulator.stories.stage import Stage
from yikatong.cards.api.shapes import RegisteredAnswer
from yikatong.desk.api.batches import BatchAnswer, BatchFileAnswer, ReturnedAnswer
from yikatong.plumbing.http import ChangeAnswer

BANK = "102"
"""The bank that makes the cards of a story."""
PURPOSE = "production batch of the day"
NUMBER_TRIES = 20


def give_cards(stage: Stage, *, office: Office, parts: Sequence[Part]) -> dict[str, Neighbour]:
    """Register, apply, have the cards made in one batch, and hand them out."""
    people = {}
    for number, part in enumerate(parts):
        people[part.key] = _register(stage, office=office, part=part, number=number)
    for neighbour in people.values():
        _apply(stage, office=office, neighbour=neighbour, people=people)
    _have_made(stage, office=office, people=people)
    for neighbour in people.values():
        path = f"/v1/residents/{neighbour.resident_id}/card/activation"
        change = office.counter.calls.post(path, ChangeAnswer).change
        stage.expect("done", change.value, f"the card of {neighbour.part.name_en}")
        neighbour.heard["card_activated"] += 1
    return people


def _register(stage: Stage, *, office: Office, part: Part, number: int) -> Neighbour:
    """Register a person; a number that somebody else has by chance is drawn again."""
    for _ in range(NUMBER_TRIES):
        neighbour = Neighbour(part, today=stage.today, number=number)
        body = {
            "division": office.region,
            "name": part.name_zh,
            "id_number": neighbour.id_number,
            "phone": neighbour.mobile,
        }
        try:
            registered = office.counter.calls.post("/v1/residents", RegisteredAnswer, body)
        except ApiRefusal as refusal:
            stage.expect("ID_NUMBER_IS_ALREADY_REGISTERED", refusal.reason, f"registering {part.name_en}")
            continue
        if registered.change.value == "done":
            neighbour.resident_id = registered.resident_id
            return neighbour
    raise AssertionError("no free ID number was drawn")


def _apply(stage: Stage, *, office: Office, neighbour: Neighbour, people: dict[str, Neighbour]) -> None:
    part = neighbour.part
    path = f"/v1/residents/{neighbour.resident_id}"
    body = {"bank_code": BANK, "has_photo": part.age >= 7, "guardian_id": None}
    if part.guardian is not None:
        guardian = people[part.guardian]
        if part.age < 16:
            refused = refusal_of(lambda: office.counter.calls.post(path + "/card/application", msgspec.Raw, body))
            stage.expect("GUARDIAN_MUST_APPLY", refused.reason, f"a card for {part.name_en}")
        kin = {"guardian_id": guardian.resident_id, "relation": part.relation}
        office.counter.calls.post(path + "/guardians", ChangeAnswer, kin)
        neighbour.heard["guardian_added"] += 1
        body["guardian_id"] = guardian.resident_id
    office.counter.calls.post(path + "/card/application", msgspec.Raw, body)
    neighbour.heard["card_applied_for"] += 1


def _have_made(stage: Stage, *, office: Office, people: dict[str, Neighbour]) -> None:
    calls = office.counter.calls
    batch = calls.post("/v1/card-batches", BatchAnswer, {})
    stage.expect(len(people), batch.card_count, "cards in the batch")
    path = f"/v1/card-batches/{batch.batch_id}"
    file = calls.get(path + "/file", BatchFileAnswer, purpose=PURPOSE).file
    made = make_cards(file, region=office.region, today=stage.today)
    returned = calls.post(path + "/return", ReturnedAnswer, {"file": made.file})
    stage.expect(len(people), returned.made_count, "cards that came back")
    by_number = {card.id_number: card for card in made.cards}
    for neighbour in people.values():
        card = by_number[neighbour.id_number]
        neighbour.chip, neighbour.pin, neighbour.bank_card_number = card.chip, card.pin, card.bank_card_number


def open_wallet(stage: Stage, neighbour: Neighbour) -> None:
    """Take a phone, enrol it, and bind the bank account of whoever has one: level 2."""
    part = neighbour.part
    neighbour.take_phone(stage)
    neighbour.phone.enrol(card_number=neighbour.chip.card_number)
    neighbour.heard.update(e_card_issued=1, device_enrolled=1)
    neighbour.phone.refresh()
    if part.bank_balance_fen is not None:
        _bind_bank(stage, neighbour, balance_fen=part.bank_balance_fen)
        neighbour.heard["e_card_level_2"] += 1
    if part.limits_fen is not None:
        neighbour.phone.set_limits(tap_limit_fen=part.limits_fen[0], day_limit_fen=part.limits_fen[1])
        neighbour.heard["small_payment_limit_changed"] += 1
    level = 1 if part.bank_balance_fen is None else 2
    stage.expect(level, neighbour.phone.card().level, f"the level of {part.name_en}'s e-card")


def _bind_bank(stage: Stage, neighbour: Neighbour, *, balance_fen: int) -> None:
    stage.outside.post(
        "/bank/simulator/accounts",
        msgspec.Raw,
        {
            "number": neighbour.bank_card_number,
            "name": neighbour.part.name_zh,
            "id_number": neighbour.id_number,
            "phone": neighbour.mobile,
            "balance_fen": balance_fen,
        },
    )
    neighbour.phone.bind_bank(bank_card_number=neighbour.bank_card_number, phone=neighbour.mobile)

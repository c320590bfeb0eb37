"""Every call of the client, made with something that its route takes, by the route's name."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from yikatong.client.cards import CardRule
from yikatong.client.catalogue import ItemDraft
from yikatong.client.partner import Operator, Staff
from yikatong.client.payouts import Corrected
from yikatong.client.rosters import Entry
from yikatong.client.terminal import Terminal
from yikatong.client.wallet import Wallet
from yikatong.kernel.ids import PREFIX_BY_KIND

RES, OPR, PRV, PLC, TRM, TAP, KEY, PRT, STF, APR, CBT, ACC, RST, OBJ, PBT, CLM = (
    PREFIX_BY_KIND[kind] + "0" * 31 + "1"
    for kind in ("resident", "operator", "provider", "place", "terminal", "tap", "key", "partner", "staff",
                 "approval", "card_batch", "account", "roster", "objection", "payout_batch", "claim")
)  # fmt: skip
REFERENCE = "01938f5e-2b7c-7a7d-9e9b-1c2d3e4f5a6b"
TODAY = date(2026, 11, 25)
LATER = date(2031, 1, 1)
NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
WHY = "补卡核验"
ITEM = ItemDraft(
    code="community-meal", list_version="2026-11", source="s", name_zh="用餐", name_en="Meal", scenario_zh="s",
    place_zh="p", forms=("qr",), item_class="payment", scene="community", least_strength=1, assurance_level=1,
    learns=("presence_only",), valid_from=TODAY,
)  # fmt: skip
RULE = CardRule(formal_loss_can_be_released=True, replacement_wait_months=6, family_list="ten_places")

OPERATOR_CALLS: dict[str, Callable[[Operator], Any]] = {
    "who_am_i": lambda it: it.who_am_i(),
    "sign_out": lambda it: it.sign_out(),
    "list_items": lambda it: it.catalogue.list_items(region="500116", on=TODAY, search="图书", served=True),
    "get_item": lambda it: it.catalogue.get_item("community-meal", region="500116"),
    "publish_item": lambda it: it.catalogue.publish_item(ITEM),
    "end_item": lambda it: it.catalogue.end_item("community-meal", until=LATER),
    "list_recognitions": lambda it: it.catalogue.list_recognitions(region="500116"),
    "set_recognition": lambda it: it.catalogue.set_recognition(
        from_region="440100", scope="class", subject="payment", valid_from=TODAY
    ),
    "end_recognition": lambda it: it.catalogue.end_recognition(
        from_region="440100", scope="class", subject="payment", until=LATER
    ),
    "register_provider": lambda it: it.catalogue.register_provider(
        credit_code="91350100M000100Y43", name_zh="食堂", kind="canteen", bank_reference="settle-1"
    ),
    "get_provider": lambda it: it.catalogue.get_provider(PRV),
    "list_terminals": lambda it: it.catalogue.list_terminals(PRV),
    "register_place": lambda it: it.catalogue.register_place(provider_id=PRV, division="500116", name_zh="食堂"),
    "register_terminal": lambda it: it.catalogue.register_terminal(
        provider_id=PRV, place_id=PLC, label="收银台", public_key="pAECIAEh", purposes=("community",), items=("meal",)
    ),
    "get_terminal": lambda it: it.catalogue.get_terminal(TRM),
    "allow_purposes": lambda it: it.catalogue.allow_purposes(TRM, purposes=("community",)),
    "revoke_terminal": lambda it: it.catalogue.revoke_terminal(TRM),
    "register_resident": lambda it: it.residents.register(
        division="500116", name="王秀英", id_number="99010119550307003X"
    ),
    "find_resident": lambda it: it.residents.find("99010119550307003X", purpose=WHY),
    "view_resident": lambda it: it.residents.view(RES, purpose=WHY, whole=True),
    "list_card_events": lambda it: it.residents.list_card_events(RES, purpose=WHY),
    "change_contact": lambda it: it.residents.change_contact(RES, phone="13800000000", address=""),
    "freeze_payments": lambda it: it.residents.freeze_payments(RES),
    "unfreeze_payments": lambda it: it.residents.unfreeze_payments(RES),
    "erase_person": lambda it: it.residents.erase(RES),
    "view_family": lambda it: it.residents.view_family(RES, purpose=WHY),
    "add_guardian": lambda it: it.residents.add_guardian(RES, guardian_id=RES, relation="31"),
    "end_guardian": lambda it: it.residents.end_guardian(RES, guardian_id=RES),
    "list_concessions": lambda it: it.residents.list_concessions(RES, purpose=WHY),
    "grant_concession": lambda it: it.residents.grant_concession(RES, class_="senior", valid_until=LATER),
    "end_concession": lambda it: it.residents.end_concession(RES, class_="senior"),
    "view_card": lambda it: it.cards.view(RES, purpose=WHY),
    "apply_for_card": lambda it: it.cards.apply(RES, bank_code="102"),
    "activate_card": lambda it: it.cards.activate(RES),
    "report_loss": lambda it: it.cards.report_loss(RES, formal=False),
    "release_loss": lambda it: it.cards.release_loss(RES),
    "lock_card": lambda it: it.cards.lock(RES, reason="三次错误密码"),
    "unlock_card": lambda it: it.cards.unlock(RES, reason="已核实"),
    "replace_card": lambda it: it.cards.replace(RES, why="1"),
    "cancel_card": lambda it: it.cards.cancel(RES, why="death"),
    "issue_e_card": lambda it: it.cards.issue_e_card(RES, password="274813"),
    "associate_e_card": lambda it: it.cards.associate_e_card(RES),
    "bind_bank_account": lambda it: it.cards.bind_bank_account(
        RES, bank_card_number="6217001234567890129", phone="13800000000"
    ),
    "reset_password": lambda it: it.cards.reset_password(RES, password="274813"),
    "make_card_batch": lambda it: it.cards.make_batch(cards_max=10),
    "view_card_batch": lambda it: it.cards.view_batch(CBT),
    "write_card_batch_file": lambda it: it.cards.write_batch_file(CBT, purpose=WHY),
    "read_card_return": lambda it: it.cards.read_return(CBT, file="B1,1\n"),
    "get_card_rule": lambda it: it.cards.get_rule("500116"),
    "put_card_rule": lambda it: it.cards.put_rule("500116", RULE),
    "ledger.list_accounts": lambda it: it.accounts.list(RES, purpose=WHY),
    "ledger.state_account": lambda it: it.accounts.state(RES, ACC, purpose=WHY, from_on=TODAY),
    "ledger.freeze_account": lambda it: it.accounts.freeze(RES, ACC),
    "ledger.unfreeze_account": lambda it: it.accounts.unfreeze(RES, ACC),
    "ledger.grant_benefit": lambda it: it.accounts.grant_benefit(RES, benefit="elder-meal", amount_fen=1),
    "top_up_purse": lambda it: it.accounts.top_up_purse(RES, amount_fen=1),
    "claim_kept_balance": lambda it: it.accounts.claim_kept_balance(RES, claimant="heir"),
    "payouts.get_statement": lambda it: it.accounts.get_provider_statement(PRV, TODAY),
    "payouts.get_statement_csv": lambda it: it.accounts.get_provider_statement_file(PRV, TODAY),
    "payouts.open_roster": lambda it: it.rosters.open(
        division="500116", scheme="elder-allowance", period="2026-11", title="高龄津贴", budget="elder-2026"
    ),
    "payouts.list_rosters": lambda it: it.rosters.list(),
    "payouts.get_roster": lambda it: it.rosters.get(RST),
    "payouts.add_lines": lambda it: it.rosters.add(RST, [Entry(resident_id=RES, reference=REFERENCE, amount_fen=1)]),
    "payouts.list_lines": lambda it: it.rosters.list_lines(RST, purpose=WHY, after=1),
    "payouts.remove_line": lambda it: it.rosters.remove(RST, 1),
    "payouts.check_roster": lambda it: it.rosters.check(RST),
    "payouts.begin_check": lambda it: it.rosters.begin_check(RST),
    "payouts.get_work": lambda it: it.rosters.get_work(RST),
    "payouts.publish_roster": lambda it: it.rosters.publish(RST, until=LATER),
    "payouts.list_public_lines": lambda it: it.rosters.list_public(RST, purpose=WHY),
    "payouts.object_to_line": lambda it: it.rosters.object(RST, line=1, ground="deceased"),
    "payouts.list_objections": lambda it: it.rosters.list_objections(RST),
    "payouts.decide_objection": lambda it: it.rosters.decide(RST, OBJ, upheld=True),
    "payouts.finalise_roster": lambda it: it.rosters.finalise(RST),
    "payouts.withdraw_roster": lambda it: it.rosters.withdraw(RST),
    "payouts.issue_batch": lambda it: it.rosters.issue(RST),
    "payouts.begin_issue": lambda it: it.rosters.begin_issue(RST),
    "payouts.fund_budget": lambda it: it.payouts.fund_budget("elder-2026", amount_fen=1, reference=REFERENCE),
    "payouts.get_budget": lambda it: it.payouts.get_budget("elder-2026"),
    "payouts.list_batches": lambda it: it.payouts.list(limit=10),
    "payouts.get_batch": lambda it: it.payouts.get(PBT),
    "payouts.list_batch_lines": lambda it: it.payouts.list_lines(PBT, purpose=WHY),
    "payouts.list_payments": lambda it: it.payouts.list_of_resident(RES, purpose=WHY),
    "payouts.apply_for_payment": lambda it: it.payouts.apply(PBT, pay_on=LATER),
    "payouts.revoke_application": lambda it: it.payouts.revoke(PBT),
    "payouts.stop_line": lambda it: it.payouts.stop(PBT, 1),
    "payouts.delete_batch": lambda it: it.payouts.delete(PBT),
    "payouts.correct_batch": lambda it: it.payouts.correct(PBT, [Corrected(line=1, amount_fen=1)]),
    "payouts.reconcile_batch": lambda it: it.payouts.reconcile(PBT, days=5),
    "payouts.list_return_files": lambda it: it.payouts.list_return_files("102"),
    "create_operator": lambda it: it.people.create_operator(login_name="li.na", display_name="窗口3"),
    "list_operators": lambda it: it.people.list_operators(after="li.na"),
    "suspend_operator": lambda it: it.people.suspend_operator(OPR),
    "resume_operator": lambda it: it.people.resume_operator(OPR),
    "grant_role": lambda it: it.people.grant_role(OPR, role="counter", divisions=("500116",)),
    "withdraw_role": lambda it: it.people.withdraw_role(OPR, role="counter"),
    "set_attestation_limits": lambda it: it.people.set_attestation_limits(OPR, tap_max_fen=1, day_max_fen=2),
    "list_roles": lambda it: it.people.list_roles(),
    "put_role": lambda it: it.people.put_role("counter", label_zh="窗口", label_en="Counter", permissions=("desk.*",)),
    "create_staff_member": lambda it: it.people.create_staff_member(
        provider_id=PRV, place_id=PLC, login_name="li.na", display_name="收银员"
    ),
    "suspend_staff_member": lambda it: it.people.suspend_staff_member(STF),
    "create_partner": lambda it: it.people.create_partner(name_zh="图书馆", name_en="Library"),
    "issue_partner_key": lambda it: it.people.issue_partner_key(
        PRT, label="desk", permissions=("cards.read",), expires_at=NOW
    ),
    "list_keys": lambda it: it.people.list_keys(after=KEY),
    "revoke_key": lambda it: it.people.revoke_key(KEY),
    "rotate_key": lambda it: it.people.rotate_key(KEY),
    "list_records": lambda it: it.people.list_records(purpose=WHY, since=NOW, kind="look"),
    "list_approvals": lambda it: it.approvals.list(state="approved", before=APR),
    "approve": lambda it: it.approvals.approve(APR),
    "decline": lambda it: it.approvals.decline(APR),
    "ask_minor_look": lambda it: it.approvals.ask_minor_look(RES, purpose=WHY),
}
OPERATOR_CALLS |= {
    "list_programmes": lambda it: it.programmes.list(),
    "list_sheets": lambda it: it.programmes.list_sheets("trade_in", place="320000"),
    "decide_case": lambda it: it.programmes.decide(
        "trade_in", place="320000", on=TODAY, known_on=TODAY, facts={"price": "1999.99"}, asking="claim", changes=True
    ),
    "list_second_uses_of_region": lambda it: it.evidence.list_second_uses(
        purpose=WHY, provider=PRV, until=NOW, before=TAP
    ),
    "count_unread_presentations_of_region": lambda it: it.evidence.count_unread(provider=PRV, day=TODAY),
}
CODE_15 = "117622400000001"
SEEN = {"document": "resident_id_card", "document_number": "99010119550307003X"}
SALE: dict[str, Any] = {"on": TODAY, "price_fen": 250_000, "new_code": "117622400000002"}
OPERATOR_CALLS |= {
    "trade_in.qualify_at_counter": lambda it: it.trade_in_counter.qualify(
        RES, **SEEN, place="320100", old_code=CODE_15, facts={"old_battery": "lithium"}
    ),
    "trade_in.list_claims_at_counter": lambda it: it.trade_in_counter.list(RES, purpose=WHY),
    "trade_in.get_claim_at_counter": lambda it: it.trade_in_counter.view(RES, CLM, purpose=WHY),
    "trade_in.list_decisions_at_counter": lambda it: it.trade_in_counter.list_decisions(RES, CLM, purpose=WHY),
    "trade_in.submit_at_counter": lambda it: it.trade_in_counter.submit(
        RES, CLM, **SEEN, facts={"evidence": "id_card"}
    ),
    "trade_in.withdraw_at_counter": lambda it: it.trade_in_counter.withdraw(RES, CLM, **SEEN),
    "trade_in.find_claim_for_police": lambda it: it.police.find(CODE_15, purpose=WHY),
    "trade_in.cancel_plate": lambda it: it.police.cancel_plate(CLM, on=TODAY, old_code=CODE_15),
    "trade_in.register_new": lambda it: it.police.register(CLM, on=TODAY, new_code=CODE_15),
    "trade_in.list_coupons": lambda it: it.bank.list(place="320100", after=CLM, limit=9),
    "trade_in.get_coupon": lambda it: it.bank.view(CLM, purpose=WHY),
    "trade_in.use_coupon": lambda it: it.bank.use(CLM, on=TODAY, price_fen=250_000, reference="HX-1"),
    "trade_in.list_claims_for_commerce": lambda it: it.commerce.list(place="320100", state="submitted", after=CLM),
    "trade_in.get_claim_for_commerce": lambda it: it.commerce.view(CLM, purpose=WHY),
    "trade_in.check_claim": lambda it: it.commerce.check(CLM, facts={"new_is_certified": "yes"}),
    "trade_in.reject_claim": lambda it: it.commerce.reject(CLM, until=LATER),
    "trade_in.reclaim": lambda it: it.commerce.reclaim(CLM),
    "trade_in.roster_claims": lambda it: it.commerce.roster_claims(place="320100", title="以旧换新补贴"),
    "trade_in.list_decisions": lambda it: it.commerce.list_decisions(CLM, purpose=WHY),
    "trade_in.report": lambda it: it.commerce.report("320100", first_on=TODAY, until_on=LATER),
    "trade_in.list_payments_at_odds": lambda it: it.finance.list_payments_at_odds(place="320100", until=NOW, limit=9),
    "trade_in.claw_back": lambda it: it.finance.claw_back(CLM, fen=1),
    "trade_in.stop_claim": lambda it: it.finance.stop(CLM),
    "trade_in.list_overnight": lambda it: it.commerce.list_overnight(place="320100"),
    "trade_in.list_without_plate": lambda it: it.commerce.list_without_plate(place="320100", days=30),
    "trade_in.import_parties": lambda it: it.commerce.import_parties("320100", b"list"),
    "trade_in.import_prices": lambda it: it.commerce.import_prices("320100", b"list", past_sales=True),
    "trade_in.list_parties": lambda it: it.commerce.list_parties("320100", kind="recycler", on=TODAY),
    "trade_in.list_prices": lambda it: it.commerce.list_prices("320100", credit_code="91320100M000100Y4N"),
    "trade_in.list_claims_for_finance": lambda it: it.finance.list(place="320100", state="paid"),
    "trade_in.get_claim_for_finance": lambda it: it.finance.view(CLM, purpose=WHY),
    "trade_in.fund_trade_in_budget": lambda it: it.finance.fund(
        place="320100", year=2026, amount_fen=1, reference=REFERENCE
    ),
    "trade_in.get_trade_in_budget": lambda it: it.finance.get_budget(place="320100", year=2026),
}
STAFF_CALLS: dict[str, Callable[[Staff], Any]] = {
    "trade_in.find_claim_for_store": lambda it: it.stores.find(CODE_15, purpose=WHY),
    "trade_in.get_claim_for_store": lambda it: it.stores.view(CLM, purpose=WHY),
    "trade_in.receive_at_store": lambda it: it.stores.receive(CLM, on=TODAY, old_code=CODE_15),
    "trade_in.sell": lambda it: it.stores.sell(CLM, **SALE, model="TDT-01Z", facts={"new_battery": "lithium"}),
    "trade_in.prepare_sale": lambda it: it.stores.prepare_sale(CLM, **SALE),
    "trade_in.cancel_sale": lambda it: it.stores.cancel_sale(CLM),
    "trade_in.return_goods": lambda it: it.stores.return_goods(CLM, on=TODAY),
    "trade_in.list_overnight_of_store": lambda it: it.stores.list_overnight(),
    "trade_in.find_claim_for_recycler": lambda it: it.recyclers.find(CODE_15, purpose=WHY),
    "trade_in.get_claim_for_recycler": lambda it: it.recyclers.view(CLM, purpose=WHY),
    "trade_in.receive_at_recycler": lambda it: it.recyclers.receive(CLM, on=TODAY, old_code=CODE_15),
    "trade_in.collect": lambda it: it.recyclers.collect(CLM, on=TODAY, old_code=CODE_15),
    "trade_in.dismantle": lambda it: it.recyclers.dismantle(CLM, on=TODAY, proof="0" * 64),
}
STAFF_CALLS |= {
    "list_second_uses": lambda it: it.evidence.list_second_uses(until=NOW, before=TAP, limit=9),
    "count_unread_presentations": lambda it: it.evidence.count_unread(day=TODAY),
}
WALLET_CALLS: dict[str, Callable[[Wallet], Any]] = {
    "trade_in.qualify": lambda it: it.claims.qualify(
        place="320100", old_code=CODE_15, facts={"old_battery": "lithium"}
    ),
    "trade_in.list_own_claims": lambda it: it.claims.list(purpose=WHY),
    "trade_in.get_own_claim": lambda it: it.claims.view(CLM, purpose=WHY),
    "trade_in.list_own_decisions": lambda it: it.claims.list_decisions(CLM, purpose=WHY),
    "trade_in.submit": lambda it: it.claims.submit(CLM, facts={"evidence": "id_card"}),
    "trade_in.withdraw": lambda it: it.claims.withdraw(CLM),
}
TERMINAL_CALLS: dict[str, Callable[[Terminal], Any]] = {
    "who_am_i": lambda it: it.who_am_i(),
    "get_item": lambda it: it.item("community-meal"),
    "reverse_tap": lambda it: it.reverse_tap(TAP),
    "refund_tap": lambda it: it.refund(TAP, 100),
    "payouts.get_own_statement": lambda it: it.statement(TODAY),
    "payouts.get_own_statement_csv": lambda it: it.statement_file(TODAY),
    "list_second_uses": lambda it: it.evidence.list_second_uses(),
    "count_unread_presentations": lambda it: it.evidence.count_unread(),
}

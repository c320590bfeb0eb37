"""What runs by itself, in one process beside the workers: the outbox relay, the jobs, and the end of waiting taps."""

import asyncio
import os
from collections.abc import Sequence
from datetime import timedelta

import uvloop

from yikatong.access import jobs as access_jobs
from yikatong.app import backup_jobs
from yikatong.app.outside.organisations import Organisations
from yikatong.app.subscribers import Subscribers
from yikatong.app.worker import Worker, open_worker
from yikatong.cards import jobs as cards_jobs
from yikatong.codes import jobs as codes_jobs
from yikatong.ledger import jobs as ledger_jobs
from yikatong.notices import jobs as notices_jobs
from yikatong.offline import jobs as offline_jobs
from yikatong.payouts import jobs as payouts_jobs
from yikatong.payouts.model import FileFormat
from yikatong.places import service as places
from yikatong.plumbing import outbox
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.collector import rest_the_collector
from yikatong.plumbing.database import Connection
from yikatong.plumbing.jobs import Job, JobCall, JobRunner, every
from yikatong.plumbing.settings import Settings
from yikatong.plumbing.telemetry import configure_logs
from yikatong.sealing import jobs as sealing_jobs
from yikatong.taps import jobs as taps_jobs
from yikatong.trade_in import jobs as trade_in_jobs
from yikatong.trust import jobs as trust_jobs

YIELDS = 10
"""How far this process stands back when there is not enough of the machine for all: taps go before notices."""

BANK_CODES = ("102", "103", "104", "105", "301", "302", "303", "402")
"""The banks whose days are reconciled: those that residents' cards come from (domain notes, bank codes)."""


def run_jobs(settings: Settings, address: ServerAddress) -> None:
    """Run everything that runs by itself until the process is ended; the main function of its process."""
    configure_logs(level=settings.log_level, format=settings.log_format)
    os.nice(YIELDS)
    uvloop.run(_run(settings, address))


async def _run(settings: Settings, address: ServerAddress) -> None:
    async with open_worker(settings, address) as worker:
        rest_the_collector()
        house = worker.house
        subscribers = Subscribers(
            ids=house.ids,
            bucket_count=settings.bucket_count,
            caches=worker.caches,
            chain=worker.chain,
            vault=worker.vault,
        )
        relay = outbox.Relay(
            house.database,
            clock=house.clock,
            subscribers=subscribers.by_topic(),
            batch_size=settings.outbox_batch_size,
            tries_max=settings.outbox_tries_max,
        )
        runner = JobRunner(house.database, clock=house.clock, ids=house.ids, jobs=jobs_of(worker))
        async with asyncio.TaskGroup() as group:
            group.create_task(relay.run(pause_seconds=settings.outbox_pause_milliseconds / 1000))
            group.create_task(runner.run())


def jobs_of(worker: Worker) -> Sequence[Job]:
    """Every job of every room."""
    settings, organisations = worker.house.settings, worker.organisations

    async def own_regions(conn: Connection) -> list[str]:
        return [region.code for region in await places.list_regions(conn, hosted=True)]

    return (
        _end_waiting(worker),
        *access_jobs.jobs(
            session_days=settings.retention_session_days,
            record_days=settings.retention_record_days,
            bucket_count=settings.bucket_count,
        ),
        *cards_jobs.jobs(e_card_days=settings.retention_e_card_days, bucket_count=settings.bucket_count),
        *taps_jobs.jobs(
            tap_days=settings.retention_tap_days,
            second_use_days=settings.retention_second_use_days,
            bucket_count=settings.bucket_count,
        ),
        _purge_parked(settings),
        *trust_jobs.jobs(holder=worker.keys),
        *sealing_jobs.jobs(holder=worker.keys, ids=worker.house.ids, witness=organisations.witness),
        *codes_jobs.jobs(
            holder=worker.keys,
            bucket_count=settings.bucket_count,
            certificate_days=settings.retention_certificate_days,
            own_regions=own_regions,
        ),
        *offline_jobs.jobs(offline_days=settings.retention_offline_days, bucket_count=settings.bucket_count),
        *ledger_jobs.jobs(bucket_count=settings.bucket_count),
        *notices_jobs.jobs(
            organisations.gateway, bucket_count=settings.bucket_count, notice_days=settings.retention_notice_days
        ),
        *_bank_jobs(organisations, bucket_count=settings.bucket_count),
        *payouts_jobs.roster_jobs(bucket_count=settings.bucket_count),
        *_bank_file_jobs(worker),
        *trade_in_jobs.jobs(chain=worker.chain, vault=worker.vault),
        *backup_jobs.jobs(settings),
    )


def _bank_jobs(organisations: Organisations, *, bucket_count: int) -> tuple[Job, ...]:
    return payouts_jobs.jobs(
        bank=organisations.bank,
        terms=payouts_jobs.SettlingTerms(),
        bank_codes=BANK_CODES,
        bucket_count=bucket_count,
    )


def _bank_file_jobs(worker: Worker) -> tuple[Job, ...]:
    """The files of batches go to banks and come back, where there is a folder for them."""
    settings, files = worker.house.settings, worker.organisations.bank_files
    if files is None:
        return ()
    plain = [code for code in settings.plain_file_banks.split(",") if code]
    return payouts_jobs.file_jobs(
        files=files,
        vault=worker.vault,
        bucket_count=settings.bucket_count,
        terms=payouts_jobs.FileTerms(
            formats=dict.fromkeys(plain, FileFormat.CSV), often=timedelta(seconds=settings.bank_files_seconds)
        ),
    )


def _end_waiting(worker: Worker) -> Job:
    async def run(call: JobCall) -> None:
        await taps_jobs.end_waiting_taps(
            database=call.database, counter=worker.counter, debits=worker.debits, clock=call.clock
        )

    return Job(name="taps.end_waiting", schedule=every(timedelta(seconds=3)), run=run)


def _purge_parked(settings: Settings) -> Job:
    async def run(call: JobCall) -> None:
        before = call.clock.now() - timedelta(days=settings.retention_parked_event_days)
        async with call.database.transaction() as conn:
            await outbox.purge(conn, made_before=before)

    return Job(name="plumbing.purge_parked", schedule=every(timedelta(hours=6)), run=run)

"""The route of applications for a trade-in, answered directly (`app.wallets.route`) and admitted in batches."""

from collections.abc import Callable
from functools import partial

from yikatong.app.house import House
from yikatong.app.outside.vehicles import NoVehicleRegister
from yikatong.app.wallets.calls import Answered, WalletCall
from yikatong.app.wallets.door import WalletDoor
from yikatong.app.wallets.qualifying import Complete, Qualifying
from yikatong.app.wallets.route import WalletRoute
from yikatong.cards import service as cards
from yikatong.kernel.ids import bucket_of
from yikatong.trade_in.api import ApplicationBody, Desk, application_of, look_up_bike, qualify_route
from yikatong.trade_in.model import Application


def route_of_applications(
    qualifying: Callable[[], Qualifying], *, desk: Desk, door: WalletDoor, house: House
) -> WalletRoute:
    """Serve a wallet's application; `qualifying` gives the worker's, once it has begun."""
    complete: Complete | None = None
    if not isinstance(desk.vehicles, NoVehicleRegister):
        complete = partial(_complete, desk=desk, house=house)

    async def serve(wallet: WalletCall, body: ApplicationBody) -> Answered:
        return await qualifying().answer(application_of(wallet.resident_id, body), wallet, complete=complete)

    return WalletRoute(qualify_route(desk.decided), serve, door=door, house=house)


async def _complete(application: Application, *, desk: Desk, house: House) -> Application:
    """The application with what the register of vehicles says. Refuses as `cards.view_person`."""
    bucket = bucket_of(application.resident_id, desk.bucket_count)
    async with house.database.transaction() as conn:
        person = await cards.view_person(conn, bucket=bucket, resident_id=application.resident_id, vault=desk.vault)
    return await look_up_bike(application, name=person.name, id_number=person.id_number, vehicles=desk.vehicles)

"""The refresh route: where wallets get certificates, answered directly (`app.wallets.route`) and given in batches."""

from yikatong.app.house import House
from yikatong.app.wallets.calls import Answered, WalletCall
from yikatong.app.wallets.door import WalletDoor
from yikatong.app.wallets.refreshing import RefreshCall, Refreshing
from yikatong.app.wallets.route import WalletRoute
from yikatong.codes.api import RefreshBody, read_request, refresh_route

PATH = refresh_route().path


def route_of_refreshes(refreshing: Refreshing, *, door: WalletDoor, house: House) -> WalletRoute:
    """Serve POST /v1/wallet/refresh by a worker's refreshes."""

    async def serve(call: WalletCall, body: RefreshBody) -> Answered:
        return await refreshing.refresh(RefreshCall(call, read_request(body)))

    return WalletRoute(refresh_route(), serve, door=door, house=house)

"""The refresh route: where wallets get certificates, answered directly (`app.wallet_route`) and given in batches."""

from yikatong.app.house import House
from yikatong.app.refreshing import RefreshCall, Refreshing
from yikatong.app.wallet_calls import Answered, WalletCall
from yikatong.app.wallet_door import WalletDoor
from yikatong.app.wallet_route import WalletRoute
from yikatong.codes.api import RefreshBody, read_request, refresh_route

PATH = refresh_route().path


def route_of_refreshes(refreshing: Refreshing, *, door: WalletDoor, house: House) -> WalletRoute:
    """Serve POST /v1/wallet/refresh by a worker's refreshes."""

    async def serve(call: WalletCall, body: RefreshBody) -> Answered:
        return await refreshing.refresh(RefreshCall(call, read_request(body)))

    return WalletRoute(refresh_route(), serve, door=door, house=house)

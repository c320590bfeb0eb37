"""The server: worker processes on one socket, ended gracefully, replaced when they die."""

import asyncio
import ctypes
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial

import uvicorn
from starlette.types import Receive, Scope, Send

from yikatong.app.http.direct import Answer, AnswerDirectly, DirectProtocol
from yikatong.app.http.frame import Frame
from yikatong.app.http.serving import serve_on
from yikatong.app.http.workers import Workers
from yikatong.kernel.outcomes import Refused
from yikatong.plumbing.address import ServerAddress
from yikatong.plumbing.collector import rest_the_collector
from yikatong.plumbing.metrics import forget_worker
from yikatong.plumbing.settings import Settings, SettingsError
from yikatong.plumbing.telemetry import configure_logs, configure_traces

Compose = Callable[[Settings, ServerAddress], AbstractAsyncContextManager[Frame]]
"""Opens what a worker needs and gives its application; a function of a module, so that a fresh process finds it."""

_PR_SET_PDEATHSIG = 1
_GRACE_SECONDS = 20


class PortIsTakenError(SettingsError):
    """Another program listens where the settings say; the message is one sentence in each language."""


def verify_listening(settings: Settings) -> None:
    """Raise PortIsTakenError when another program has the port, SettingsError when nobody could listen there."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortIsTakenError(
                    f"{settings.host}的{settings.port}端口已被其他程序占用，请停掉该程序，或用--port、YIKATONG_PORT"
                    f"另指定端口。 Another program listens on {settings.host} port {settings.port}: end it, or name "
                    "another port with --port or YIKATONG_PORT."
                ) from None
            raise SettingsError(
                f"无法在{settings.host}的{settings.port}端口监听（{error.strerror}）。 "
                f"Nobody can listen on {settings.host} port {settings.port}: {error.strerror}. "
                "Name another with YIKATONG_PORT or --port, YIKATONG_HOST or --host."
            ) from None


def run_server(
    settings: Settings,
    *,
    address: ServerAddress,
    compose: Compose,
    tell: Callable[[str], None] = lambda _: None,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until SIGTERM or SIGINT, then let the calls on their way end.

    Each of `settings.workers` processes composes an application of its own, with its own connections. One that dies
    is replaced at once; when this process dies, they end too. `tell` hears the address once the port is ours, `ready`
    when the first process answers there; between the two, calls are turned away. Raises WorkersDoNotStart.
    """
    config = uvicorn.Config(
        Worker(settings, address, compose),
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http=DirectProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    listening = config.bind_socket()
    host, port = listening.getsockname()[:2]
    base_url = f"http://{host}:{port}"
    tell(base_url)
    work = partial(serve_on, config, float(settings.request_arrival_seconds), listening)
    Workers(work, count=settings.workers, grace_seconds=_GRACE_SECONDS, ready=partial(ready, base_url)).run()


class Worker:
    """The application of one process, composed when the process starts."""

    def __init__(self, settings: Settings, address: ServerAddress, compose: Compose) -> None:
        """Made in the parent and sent to each process; nothing is opened yet."""
        self._settings = settings
        self._address = address
        self._compose = compose
        self._parent_pid = os.getpid()
        self._app: Frame | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a call, or the life of the process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        assert self._app is not None
        await self._app(scope, receive, send)

    def find_direct(self, address: bytes) -> tuple[AnswerDirectly, int] | None:
        """What answers POST at a raw address directly."""
        return None if self._app is None else self._app.find_direct(address)

    def refuse(self, refused: Refused) -> Answer:
        """The answer to a request that was not heard to its end."""
        assert self._app is not None
        return self._app.refuse(refused)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        if not end_with_parent(self._parent_pid):
            await send({"type": "lifespan.startup.failed", "message": "the parent process is gone"})
            return
        configure_logs(level=self._settings.log_level, format=self._settings.log_format)
        traces = configure_traces(sample_ratio=self._settings.trace_sample_ratio)
        async with AsyncExitStack() as stack:
            self._app = await stack.enter_async_context(self._compose(self._settings, self._address))
            rest_the_collector()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        if traces is not None:
            await asyncio.to_thread(traces.shutdown)
        forget_worker(os.getpid())
        await send({"type": "lifespan.shutdown.complete"})


def end_with_parent(parent_pid: int) -> bool:
    """Have the kernel end this process when its parent dies, so that no orphan keeps the port (Linux).

    False when the parent is gone already, for then no signal will come.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    return os.getppid() == parent_pid

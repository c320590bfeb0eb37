"""Commands of a witness: what somebody outside runs, who signs the log's heads and remembers them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from yikatong.app.commands.command_line import errors, out
from yikatong.kernel.outcomes import Refused
from yikatong.trust import service as trust
from yikatong.trust.model import PublicKey
from yikatong.witness.folder import FolderIsTaken, WitnessFolder, open_witness, read_witness_key
from yikatong.witness.http import witness_app

FolderOption = Annotated[Path, typer.Option("--folder", help="Where the witness keeps its key and what it signed.")]
witness_app_cli = typer.Typer(help="A witness of the sealed log: key, believe, serve.", no_args_is_help=True)


@witness_app_cli.command("key")
def witness_key(folder: FolderOption) -> None:
    """Show the witness's key, for the platform's setting witness_key; it is made at the first time."""
    out.print(trust.encode_cose_key(read_witness_key(folder)).hex(), soft_wrap=True)


@witness_app_cli.command("believe")
def witness_believe(
    key: Annotated[str, typer.Argument(help="The log's key, as `yikatong keys log` shows it.")], folder: FolderOption
) -> None:
    """Take heads signed by this key of the log from now on; given by hand, once, and again when the key changes."""
    with _opened(folder) as witness:
        witness.believe(_read_key(key))
    out.print("已记下。 Kept.")


@witness_app_cli.command("serve")
def witness_serve(
    folder: FolderOption,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.", min=0, max=65535)] = 8002,
) -> None:
    """Serve the witness until Ctrl-C; the platform names its address in the setting witness_url."""
    with _opened(folder) as witness:
        errors.print(f"见证方监听 the witness listens at http://{host}:{port}", soft_wrap=True)
        uvicorn.run(witness_app(witness), host=host, port=port, log_level="warning", server_header=False)


@contextmanager
def _opened(folder: Path) -> Iterator[WitnessFolder]:
    try:
        witness = open_witness(folder)
    except FolderIsTaken:
        errors.print(f"{folder}已有见证方在运行，请先停止；什么也没有改变。", soft_wrap=True)
        errors.print(f"A witness is at work in {folder}: stop it first; nothing was changed.", soft_wrap=True)
        raise typer.Exit(1) from None
    try:
        yield witness
    finally:
        witness.close()


def _read_key(text: str) -> PublicKey:
    try:
        key = trust.decode_cose_key(bytes.fromhex(text))
        trust.verifying_key(key)
    except (ValueError, Refused):
        errors.print("这不是yikatong keys log给出的密钥；什么也没有改变。")
        errors.print("This is no key as `yikatong keys log` shows it; nothing was changed.")
        raise typer.Exit(1) from None
    return key

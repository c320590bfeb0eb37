"""Measurements lie in memory while a server runs, and nothing of them stays there."""

import subprocess
import sys
from pathlib import Path


def test_what_a_killed_server_left_in_memory_is_emptied_by_the_next_on_the_same_folder(tmp_path: Path) -> None:
    said = (
        "import os, sys; from pathlib import Path; from yikatong.plumbing.metrics import shared_in_memory\n"
        "with shared_in_memory(otherwise=Path(sys.argv[1]) / 'metrics') as folder:\n"
        "    print(folder, *os.listdir(folder)); (folder / 'left.db').touch()\n"
        "    if sys.argv[2] == 'killed': sys.stdout.flush(); os.kill(os.getpid(), 9)\n"
    )

    def run(how: str) -> list[str]:
        command = [sys.executable, "-c", said, str(tmp_path), how]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout.split()  # noqa: S603

    killed, ended = run("killed"), run("ended")

    assert 1 == len(killed)
    assert killed == ended
    assert not Path(ended[0]).exists()

"""The settings that are made where none are given."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from survey.config import read_settings

WORKERS = 8


def test_workers_that_start_at_once_share_one_secret_key(tmp_path: Path) -> None:
    for number in range(20):
        home, together = tmp_path / str(number), Barrier(WORKERS)

        def start(home: Path = home, together: Barrier = together) -> str:
            together.wait()
            return read_settings({"MINSHENG_HOME": str(home)}).secret_key

        with ThreadPoolExecutor(WORKERS) as workers:
            keys = {each.result() for each in [workers.submit(start) for _ in range(WORKERS)]}
        assert keys == {(home / "secret_key").read_text("ascii")}
        assert len(keys.pop()) == 64
        assert [path.name for path in home.iterdir()] == ["secret_key"]
        assert stat.S_IMODE((home / "secret_key").stat().st_mode) == 0o600

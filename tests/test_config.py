"""The settings: what is made where none is given, and what is refused."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from survey.config import SettingsError, read_settings

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


def test_an_empty_key_file_stops_the_start_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    with pytest.raises(SettingsError, match="secret_key holds no key"):
        read_settings({"MINSHENG_HOME": str(tmp_path)})


@pytest.mark.parametrize(
    "setting",
    [
        ("PORT", "abc"),
        ("PORT", "70000"),
        ("PUBLIC_URL", "http://[::1"),
        ("PUBLIC_URL", "http://someone:secret@example.cn"),
        ("PUBLIC_URL", "http://example.cn:99999"),
        ("PUBLIC_URL", "http://example.cn/survey"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("TOKEN_HOURS", "１２"),
    ],
    ids="=".join,
)
def test_a_setting_that_cannot_be_used_stops_the_start_and_is_named(tmp_path: Path, setting: tuple[str, str]) -> None:
    name, value = setting
    with pytest.raises(SettingsError, match=name):
        read_settings({"MINSHENG_HOME": str(tmp_path), name: value})

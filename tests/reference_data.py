"""Where the large outside material lies: two census frames and R's reference answers.

It is too large and not ours to keep in the repository. Tests that read it skip where it is absent, and say so.
"""

import os
from pathlib import Path

import pytest

_SIBLING = Path(__file__).resolve().parents[2] / "shared"


def _folder(name: str) -> Path:
    folder = Path(os.environ.get("MINSHENG_SHARED", _SIBLING)) / name
    if not folder.is_dir():
        pytest.skip(f"the folder {folder} is not on this machine (set MINSHENG_SHARED to where it lies)")
    return folder


def frames_folder() -> Path:
    """The census frames, one folder per city."""
    return _folder("frames")


def reference_folder() -> Path:
    """R's answers, one folder per case."""
    return _folder("reference")

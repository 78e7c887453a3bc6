"""The Spark cluster that the tests of this folder share."""

from collections.abc import Iterator

import psutil
import pytest

from tests import spark


@pytest.fixture(scope="session")
def spark_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[spark.Cluster]:
    """A standalone master with two workers; afterwards none of its processes is left."""
    folder = tmp_path_factory.mktemp("spark")
    with spark.cluster(folder) as running:
        yield running
    left = [p.pid for p in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(p.info["cmdline"] or ())]
    assert left == []

"""Collections on a Dask cluster, a scheduler and two workers on this machine: `tox -e dask`."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tile_images import write_tiles

pytest.importorskip("distributed")

from cluster import Cluster, running_cluster
from command_line import kmq
from pillow_kmq import read_palette
from pillow_kmq.cli.cluster import on_cluster
from pillow_kmq.cli.convert import Settings
from pillow_kmq.cli.outputs import plan
from pillow_kmq.collection import convert, learn_palette, read_manifest
from pillow_kmq.errors import CancelledError, KmqError, OptionError, WorkerLostError

pytestmark = [pytest.mark.jit, pytest.mark.filterwarnings("default")]

COUNT = 2000


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_tiles(tmp_path_factory.mktemp("in"), COUNT, 24)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with running_cluster(tmp_path) as running:
        yield running


class Witness(threading.Thread):
    """Watches a folder until it is stopped; notes files that are written more than once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self._folder = folder
        self._stopped = threading.Event()
        self.first: dict[Path, int] = {}
        self.again: set[Path] = set()

    def look(self) -> None:
        for path in self._folder.rglob("*.png"):
            written = path.stat().st_mtime_ns
            if self.first.setdefault(path, written) != written:
                self.again.add(path)

    def run(self) -> None:
        while not self._stopped.wait(0.05):
            self.look()

    def stop(self) -> None:
        self._stopped.set()
        self.join()
        self.look()


class Killer:
    """A progress callback that kills a worker when a share of the work is done."""

    def __init__(self, cluster: Cluster, share: float) -> None:
        self._cluster = cluster
        self._share = share
        self.killed = False

    def __call__(self, done: float) -> None:
        if done >= self._share and not self.killed:
            self._cluster.workers[0].kill()
            self.killed = True


def test_a_worker_that_dies_while_counting_loses_and_doubles_nothing(cluster, paths):
    local = learn_palette(paths, 64, processes=1)
    killer = Killer(cluster, 0.4)
    learned = learn_palette(paths, 64, client=cluster.client, progress=killer)
    assert killer.killed
    assert learned.colors.tobytes() == local.colors.tobytes()
    assert (learned.images, learned.pixels, learned.groups) == (COUNT, COUNT * 24 * 24, local.groups)


def test_a_worker_that_dies_while_converting_loses_and_doubles_nothing(cluster, paths, tmp_path):
    options = {"palette": "web-safe", "dither": "none", "measure": False}
    convert(paths, out=tmp_path / "local", processes=1, **options)
    witness = Witness(tmp_path / "out")
    witness.start()
    killer = Killer(cluster, 0.4)
    summary = convert(paths, out=tmp_path / "out", client=cluster.client, progress=killer, **options)
    witness.stop()
    assert killer.killed
    assert (summary.converted, summary.unchanged, summary.failed) == (COUNT, 0, 0)
    assert not witness.again
    assert len(witness.first) == COUNT
    for path in witness.first:
        assert path.read_bytes() == (tmp_path / "local" / path.relative_to(tmp_path / "out")).read_bytes()
    records = list(read_manifest(summary.manifest))
    assert [record["path"] for record in records] == sorted(map(str, paths))
    assert convert(paths, out=tmp_path / "out", client=cluster.client, **options).unchanged == COUNT


def test_a_coarse_histogram_is_the_same_on_a_cluster(cluster, paths):
    local = learn_palette(paths[:300], 16, max_histogram=4096, processes=1)
    learned = learn_palette(paths[:300], 16, max_histogram=4096, client=cluster.client)
    assert local.largest_change > 0
    assert (learned.bits, learned.colors.tobytes()) == (local.bits, local.colors.tobytes())


def test_images_travel_to_the_workers(cluster):
    images = [Image.new("RGB", (4, 4), (number, 0, 0)) for number in range(40)]
    assert learn_palette(images, 64, client=cluster.client).groups == 40


def test_unreadable_files_are_reported_by_the_workers(cluster, paths, tmp_path):
    missing = tmp_path / "missing.png"
    with pytest.raises(KmqError, match=r"cannot read .*missing\.png"):
        learn_palette([missing, *paths[:9]], 16, client=cluster.client)
    summary = convert([missing], "cga", tmp_path / "out", client=cluster.client)
    assert summary.failed == 1


def test_progress_cancels_and_the_client_stays_open(cluster, paths):
    with pytest.raises(CancelledError):
        learn_palette(paths, 16, client=cluster.client, progress=lambda done: done < 0.2)
    deadline = time.monotonic() + 30
    while cluster.client.processing() and any(cluster.client.processing().values()):
        assert time.monotonic() < deadline, "tasks of a cancelled run go on"
        time.sleep(0.1)
    assert cluster.client.submit(sum, [1, 2]).result() == 3


def test_work_that_workers_do_not_survive_says_so(cluster, paths):
    cluster.client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 0))
    with pytest.raises(WorkerLostError, match="finished files are kept"):
        learn_palette(paths, 16, client=cluster.client, progress=Killer(cluster, 0.1))


def test_the_command_counts_on_a_cluster(cluster, paths, tmp_path, monkeypatch):
    monkeypatch.chdir(paths[0].parent.parent)
    address, count = cluster.client.scheduler.address, len(list(Path().glob("1/*.png")))
    result = kmq("palette", "learn", "1/*.png", "-k", "32", "-o", tmp_path / "a.json", "--dask", address)
    assert result.exit_code == 0, result.stderr
    assert result.stderr.startswith(f"{count} images -> ")
    local = learn_palette(sorted(Path().glob("1/*.png")), 32, processes=1)
    assert read_palette(tmp_path / "a.json").colors.tolist() == local.colors.tolist()


def test_the_command_converts_on_a_cluster_what_it_converts_here(cluster, paths, tmp_path, monkeypatch):
    monkeypatch.chdir(paths[0].parent.parent)
    Path("bad.png").write_bytes(b"words")
    for name in ("local", "out"):
        (tmp_path / name / "1").mkdir(parents=True)
        (tmp_path / name / "1" / "0001.png").write_bytes(b"mine")  # newer than its input, so that it is skipped
    common = ("32", "--shared-palette", "bad.png", "missing.png", "1/*.png")
    local = kmq(*common, "--out-dir", tmp_path / "local", "-j", "1")
    result = kmq(*common, "--out-dir", tmp_path / "out", "--dask", cluster.client.scheduler.address)
    Path("bad.png").unlink()
    assert (result.exit_code, result.stderr) == (local.exit_code, local.stderr)
    lines, expected = (run.stdout.replace(str(tmp_path / name), "").splitlines()[:-1] for run, name in (
        (result, "out"), (local, "local")
    ))  # fmt: skip
    assert lines == expected
    assert len(lines) > 100
    for path in (tmp_path / "local").rglob("*.png"):
        assert path.read_bytes() == (tmp_path / "out" / path.relative_to(tmp_path / "local")).read_bytes()


def test_a_worker_that_dies_under_the_command_loses_nothing(cluster, paths, tmp_path):
    jobs = plan([str(path) for path in paths[:300]], None, None, None, out_dir=str(tmp_path / "out" / "a"))
    killer, done = Killer(cluster, 0.3), 0

    def finished() -> None:
        nonlocal done
        done += 1
        killer(done / len(jobs))

    save = {"palette": [[0, 0, 0], [255, 255, 255]], "dither": "none"}
    settings = Settings(save, force=False, skip_if_larger=False, strip=False, quiet=True, out_dir=True)
    outcomes = [result.status for result in on_cluster(jobs, settings, cluster.client, finished)]
    assert killer.killed
    assert outcomes == ["written"] * len(jobs)
    assert len(list((tmp_path / "out").rglob("*.png"))) == len(jobs)
    again = [result.exit_status for result in on_cluster(jobs, settings, cluster.client, finished)]
    assert again == [15] * len(jobs)


def test_jobs_that_workers_do_not_survive_are_failures(cluster, paths, tmp_path):
    cluster.client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 0))
    jobs = plan([str(path) for path in paths[:300]], None, None, None, out_dir=str(tmp_path / "out"))
    settings = Settings({"colors": 4}, force=False, skip_if_larger=False, strip=False, quiet=True, out_dir=True)
    killer = Killer(cluster, 0.0)
    outcomes = [result.status for result in on_cluster(jobs, settings, cluster.client, lambda: killer(1.0))]
    assert len(outcomes) == len(jobs)
    assert {"written", "failed"} == set(outcomes)


def test_asynchronous_clients_are_refused():
    class Client:
        asynchronous = True
        submit = scheduler_info = None

    with pytest.raises(OptionError, match="asynchronous"):
        learn_palette([], 16, client=Client())

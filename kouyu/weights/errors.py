"""Errors about model weights; each message says what to do."""

from collections.abc import Mapping, Sequence


class WeightsError(Exception):
    """Base of all errors about model weights."""


class UnknownWeights(WeightsError):
    """The catalogue has no weight set with this name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"There is no weight set called {name!r}. Known: {', '.join(known)}.")
        self.name = name


class MissingWeights(WeightsError):
    """A weight set is not in the cache, or has changed since it was verified."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The weights {name!r} are not on this machine. Get them with: kouyu models fetch {name}")
        self.name = name


class FetchFailed(WeightsError):
    """A weight set could not be fetched (network, registry, or a file with wrong content).

    ``lasting``: trying again later does not help, because the source itself has changed.
    """

    def __init__(self, text: str, *, lasting: bool = False) -> None:
        super().__init__(text)
        self.lasting = lasting


class SourcesFailed(FetchFailed):
    """Every source of a file failed, in the order in which they were tried. Lasting if that of one of them is: another
    one that cannot be reached now may never be."""

    def __init__(self, failures: Sequence[FetchFailed]) -> None:
        super().__init__("\n".join(map(str, failures)), lasting=any(failure.lasting for failure in failures))


class SetsFailed(FetchFailed):
    """Weight sets that could not be fetched; `failures` has the reason of each by its name."""

    def __init__(self, failures: Mapping[str, FetchFailed]) -> None:
        text = "\n".join(f"{name}: {error}" for name, error in sorted(failures.items()))
        super().__init__(text, lasting=all(failure.lasting for failure in failures.values()))
        self.failures = failures


class Gone(FetchFailed):
    """The source answered, and does not have the file, or no longer: a package or a version that was withdrawn."""

    def __init__(self, text: str) -> None:
        super().__init__(text, lasting=True)


class WrongContent(FetchFailed):
    """A download does not have the SHA-256 in the catalogue; it was deleted."""

    def __init__(self, what: str, expected: str, found: str) -> None:
        super().__init__(
            f"{what} is not the expected file: SHA-256 {found}, expected {expected}. It was deleted. "
            "Try again; if it stays so, the source has changed or something on the way alters downloads.",
            lasting=True,
        )


class ConversionFailed(FetchFailed):
    """A file cannot be made of what was downloaded, or it becomes another one than the catalogue's."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} cannot be made of what was downloaded: {why}", lasting=True)


class NoSpace(FetchFailed):
    """The disk is too full for the weights."""

    def __init__(self, folder: str, needed: int, free: int) -> None:
        super().__init__(
            f"Not enough space in {folder}: {needed / 1e6:.0f} MB are needed, {free / 1e6:.0f} MB are free. "
            "Free some, or set KOUYU_WEIGHTS to a folder on a larger disk."
        )


class Interrupted(FetchFailed):
    """The fetch was stopped; received data is kept, and the next fetch resumes there."""

    def __init__(self) -> None:
        super().__init__("Stopped. What has arrived is kept; the next fetch goes on from there.")

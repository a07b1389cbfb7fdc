"""Measures which branches of kouyu/ the tests run that need no model weights, against two floors; ``make coverage``.

The conversation core and the protocol are measured by their own tests alone, all of kouyu/ by the tests of FOLDERS.
Whether a test passes is what ``make test`` says, on code that no tracer slows down: here a test that fails is named,
and counts with the branches that it ran.
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import coverage

ROOT: Final = Path(__file__).parent.parent
CORE: Final = ("conversation", "domain", "protocol")
CORE_FLOOR: Final = 100
"""Percent of the lines and branches of CORE."""
FLOOR: Final = 79
"""Percent of the lines and branches of kouyu/."""
FOLDERS: Final = (
    CORE,
    ("server",),
    ("text", "settings"),
    ("agents", "session", "tracing", "backup", "bundle"),
    ("text_chats", "audio", "store"),
    ("cassettes", "player", "proxy", "recording", "start_check", "testing"),
    ("assembly", "cli", "diagnostics", "engine_server", "metrics", "model_files", "serving", "weights", "workers"),
)
"""Folders of tests/, by the run that they are part of. Two runs go on at once."""


def measure(folders: Sequence[str], data: Path) -> None:
    """Run the tests of the folders that need no model weights; save what they run in the file ``data``."""
    measured = [sys.executable, "-m", "coverage", "run", f"--data-file={data}"]
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not models and not sdk"]
    paths = [f"tests/{folder}" for folder in folders]
    done = subprocess.run([*measured, *pytest, *paths], cwd=ROOT, capture_output=True, text=True, check=False)
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    print("\n".join([*failed, f"{' '.join(paths)}: {(done.stdout.splitlines() or [done.stderr])[-1]}"]), flush=True)


def packages(found: coverage.Coverage, folder: Path) -> dict[str, tuple[int, int]]:
    """Of each package: how many of its lines and branches are run, and how many there are."""
    file = folder / "report.json"
    found.json_report(outfile=str(file))
    counted: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for path, each in json.loads(file.read_bytes())["files"].items():
        summary, (run, there) = each["summary"], counted[Path(path).parts[1]]
        counted[Path(path).parts[1]] = (
            run + summary["covered_lines"] + summary["covered_branches"],
            there + summary["num_statements"] + summary["num_branches"],
        )
    return {name: counted[name] for name in sorted(counted) if counted[name][1]}


def percent(run: int, there: int) -> str:
    return f"{100 * run / there:.1f} %"


def main() -> int:
    """Measure and report; 1 if a floor is not reached."""
    with TemporaryDirectory() as temporary:
        files = [Path(temporary) / f"run {number}" for number in range(len(FOLDERS))]
        with ThreadPoolExecutor(2) as two:
            list(two.map(measure, FOLDERS, files))
        print("\nBranches of the core and of the protocol that their tests do not run:")
        core = coverage.Coverage(data_file=str(files[0]), config_file=str(ROOT / "pyproject.toml"))
        core.load()
        of_core = core.report(include=[f"kouyu/{name}/*" for name in CORE], show_missing=True, skip_covered=True)
        whole = coverage.Coverage(data_file=str(Path(temporary) / "all"), config_file=str(ROOT / "pyproject.toml"))
        whole.combine([str(file) for file in files], keep=True)
        counted = packages(whole, Path(temporary))
    for name, (run, there) in counted.items():
        print(f"{name:20} {percent(run, there):>8}")
    run, there = (sum(column) for column in zip(*counted.values(), strict=True))
    print(f"{'kouyu/':20} {percent(run, there):>8}, floor {FLOOR} %")
    print(f"{' and '.join(CORE)}: {of_core:.2f} %, floor {CORE_FLOOR} %")
    return int(of_core < CORE_FLOOR or 100 * run < FLOOR * there)


if __name__ == "__main__":
    sys.exit(main())

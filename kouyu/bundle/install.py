"""Installs kouyu from the unpacked bundle beside this file, without a network: `python3 install.py FOLDER`.

It needs the standard library alone. FOLDER becomes a virtual environment; the model weights go into the cache of the
user, or into the folder that KOUYU_WEIGHTS names.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Check the machine and the files, then install packages and weights; each failure ends with one line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python3 install.py FOLDER\nFOLDER becomes a virtual environment with kouyu in it.")
    bundle = json.loads((HERE / "bundle.json").read_text())
    check_machine(bundle)
    check_files(bundle["files"])
    folder = Path(sys.argv[1]).absolute()
    install_packages(bundle, folder)
    install_weights(bundle["weights"], folder)
    print(f"kouyu {bundle['kouyu']} is installed. Start it in the folder that is to hold kouyu.toml:")
    print(f"  {folder / 'bin' / 'kouyu'} serve")


def check_machine(bundle: dict[str, Any]) -> None:
    """Compare this Python and platform with those that the bundle is for."""
    python = "{}.{}".format(*sys.version_info)
    if python != bundle["python"]:
        right = f"python{bundle['python']}"
        sys.exit(f"This bundle is for Python {bundle['python']}, and this is {python}. Run: {right} {sys.argv[0]}")
    system = {"linux": "linux", "darwin": "macos"}.get(sys.platform, sys.platform)
    if f"{system}-{platform.machine()}" != bundle["platform"]:
        sys.exit(f"This bundle is for {bundle['platform']}, and this is {system}-{platform.machine()}.")


def check_files(files: list[dict[str, Any]]) -> None:
    """Compare the SHA-256 of every file."""
    print(f"Checking {len(files)} files, {sum(file['size'] for file in files) / 1e6:.0f} MB")
    for file in files:
        path = HERE / file["path"]
        digest = hashlib.sha256()
        try:
            with path.open("rb") as content:
                while block := content.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            sys.exit(f"{path} cannot be read ({error.strerror}). Unpack the bundle again.")
        if digest.hexdigest() != file["sha256"]:
            sys.exit(f"{path} is damaged: its SHA-256 is not that of the bundle. Copy the bundle again.")


def install_packages(bundle: dict[str, Any], folder: Path) -> None:
    """Make a virtual environment in ``folder`` and install the wheels into it."""
    print(f"Installing kouyu into {folder}")
    try:
        venv.create(folder, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"no virtual environment can be made ({error}); on Debian and Ubuntu: apt install python3-venv")
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    wanted = f"kouyu[{','.join(bundle['extras'])}]=={bundle['kouyu']}"
    offline = ["--no-index", "--find-links", str(HERE / "wheels")]
    if subprocess.run([*pip, *offline, wanted]).returncode != 0:
        sys.exit("pip could not install the wheels of the bundle; what it said stands above.")


def install_weights(names: list[str], folder: Path) -> None:
    """Copy the weight sets into the cache of the kouyu in ``folder``."""
    ask = "from kouyu.weights.cache import root; print(root())"
    found = subprocess.run([str(folder / "bin" / "python"), "-c", ask], stdout=subprocess.PIPE, check=True, text=True)
    cache = Path(found.stdout.strip())
    print(f"Copying the weights to {cache}")
    cache.mkdir(parents=True, exist_ok=True)
    for name in names:
        staging = cache / f".staging-{name}"
        shutil.rmtree(staging, ignore_errors=True)
        shutil.copytree(HERE / "weights" / name, staging)
        shutil.rmtree(cache / name, ignore_errors=True)
        staging.rename(cache / name)
        print(f"  {name}")


if __name__ == "__main__":
    main()

"""Dependency audit: `python deploy/audit.py` asks OSV, through pip-audit, for known holes of locked packages.

Ends with 0 when there are none, with 1 when there are some, and with 75 when it could not ask: then nothing
is known. Arguments are handed to pip-audit, as `--ignore-vuln ID` for a hole that was looked into.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCKS = ("dev.lock", "dbt.lock")
"""Everything that is installed anywhere: `base.lock` is part of `dev.lock`."""
ASK = (
    "-m", "pip_audit", "--vulnerability-service", "osv", "--disable-pip", "--require-hashes",
    "--format", "json", "--progress-spinner", "off", "--desc", "off",
)  # fmt: skip
NO_ANSWER = 75
"""EX_TEMPFAIL of sysexits.h."""


def main(arguments: Sequence[str]) -> int:
    """Ask about each lock file, and say what was found."""
    found = [_audited(ROOT / "requirements" / lock, arguments) for lock in LOCKS]
    return 1 if 1 in found else max(found)


def _audited(lock: Path, arguments: Sequence[str]) -> int:
    ended = subprocess.run(
        [sys.executable, *ASK, "-r", lock, *arguments], capture_output=True, text=True, check=False
    )
    try:
        packages: list[dict[str, Any]] = json.loads(ended.stdout)["dependencies"]
    except ValueError:  # it reached no list of holes
        why = ended.stderr.strip().splitlines()[-1:] or [f"pip-audit ended with {ended.returncode}"]
        sys.stderr.write(f"NOT AUDITED: {lock.name}: {why[0]}\n")
        return NO_ANSWER
    holes = [(package, hole) for package in packages for hole in package.get("vulns", ())]
    for package, hole in holes:
        names = ", ".join([hole["id"], *hole["aliases"]])
        mended = ", ".join(hole["fix_versions"]) or "no version yet"
        sys.stdout.write(
            f"{lock.name}: {package['name']} {package['version']}: {names}; mended in {mended}\n"
        )
    unknown = [package["name"] for package in packages if "vulns" not in package]
    if unknown:
        sys.stderr.write(f"NOT AUDITED: {lock.name}: {', '.join(unknown)}\n")
    if not holes and not unknown:
        sys.stdout.write(f"{lock.name}: {len(packages)} packages, none with a known hole\n")
    return 1 if holes else NO_ANSWER if unknown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

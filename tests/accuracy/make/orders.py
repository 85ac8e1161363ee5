"""Asks the tools that own the orders of versions, thousands of pairs at a time."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

VERSIONS = Path(__file__).parents[2] / "version" / "make"


def commands(tools: Path) -> dict[str, list[str]]:
    """Return the command for each ecosystem; `tools` is the folder that setup.sh prepared."""
    apk = [str(tools / "compare-apk")]
    semver = ["env", f"NODE_PATH={tools}/node_modules", "node", str(VERSIONS / "compare.js")]
    return {
        "AlmaLinux": ["/usr/bin/python3", str(VERSIONS / "oracles.py"), "rpm"],
        "Alpaquita": apk,
        "Alpine": apk,
        "BellSoft Hardened Containers": apk,
        "Bitnami": [str(tools / "compare"), "bitnami"],
        "Debian": ["perl", str(Path(__file__).parent / "compare.pl")],
        "Go": [str(tools / "compare"), "mod"],
        "Hackage": ["Rscript", str(VERSIONS / "compare.R")],
        "Maven": ["java", "-cp", f"{tools}/maven-artifact-3.9.9.jar:{tools}", "Compare"],
        "Packagist": ["php", str(VERSIONS / "compare.php")],
        "PyPI": [sys.executable, str(VERSIONS / "oracles.py"), "pypi"],
        "RubyGems": ["ruby", str(VERSIONS / "compare.rb")],
        "Wolfi": apk,
        "crates.io": semver,
        "npm": semver,
    }


class Order:
    """What a tool says of pairs of versions; it is asked once for all of them."""

    def __init__(self, command: list[str], pairs: Iterable[tuple[str, str]]) -> None:
        asked = sorted({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]})
        text = "".join(f"{left}\t{right}\n" for left, right in asked)
        answers = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout.split()
        self._known = dict(zip(asked, answers, strict=True))

    def compare(self, left: str, right: str) -> int:
        """Return -1, 0 or 1; raises Undecided where the tool refuses one of them."""
        if left == right:
            return 0
        answer = self._known[min(left, right), max(left, right)]
        if answer == "!":
            raise Undecided
        return ("<=>".index(answer) - 1) * (1 if left < right else -1)


class Undecided(Exception):
    """The tool does not take one of the versions for a version."""

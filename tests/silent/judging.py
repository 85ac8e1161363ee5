"""Judges images that a test made, with the real catalogers, matcher and recommended policy, and a store that covers them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from imagegate import gate
from imagegate.advisory.store import Store
from imagegate.backend.embedded import Embedded
from imagegate.cli import exit_code
from imagegate.model.verdict import Outcome, Verdict
from imagegate.policy.load import load
from imagegate.source.opening import Options, openings
from tests.advisories import build_store, record
from tests.images import Entry, Image, layer

CLOCK = datetime(2026, 1, 2, tzinfo=UTC)
TODAY = "2026-01-01T12:00:00Z"
CRITICAL = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
BAD, GOOD = "1.0.0-1", "2.0.0-1"  # versions of `openssl`, in every ecosystem and in every language
DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n'
ALPINE = 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.21.2\nPRETTY_NAME="Alpine Linux v3.21"\n'
ROCKY = 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.5"\n'
SYSTEMS = {"Debian": "Debian:12", "Alpine": "Alpine:v3.21", "Rocky Linux": "Rocky Linux:9"}
# What is vulnerable below 2.0.0 in the ecosystem of each language.
LANGUAGES = {
    "npm": "lodash", "PyPI": "django", "RubyGems": "rack", "Go": "example.com/weak", "Maven": "org.example:weak",
    "crates.io": "weak", "NuGet": "Weak", "Packagist": "vendor/weak",
}  # fmt: skip
OS_RELEASE, STATUS, APK = "etc/os-release", "var/lib/dpkg/status", "lib/apk/db/installed"

Entries = Iterable[Entry] | Mapping[str, bytes | str]
Layers = Sequence[Entries]


def everything(path: Path, *without: str) -> Path:
    """Build a store that covers the systems and languages above, except those named."""
    records = {}
    for base, ecosystem in SYSTEMS.items():
        fixed = "2.0.0-r0" if base == "Alpine" else "2.0.0-0"
        weak = record(f"{base}-1", ecosystem, "openssl", fixed, upstream=["CVE-2025-1"], severity=CRITICAL, modified=TODAY)
        spoken = [record(f"{base}-{name}", ecosystem, name, "0.1") for name in ("python3-django", "py3-django")]
        rest = (record(f"PAD-{ecosystem}-{n}", ecosystem, f"nobody-has-{n}", "0.1") for n in range(300))
        records[base] = [weak, *spoken, *rest]
    for number, (ecosystem, name) in enumerate(LANGUAGES.items()):
        facts = {"upstream": [f"CVE-2025-9{number}"], "severity": CRITICAL, "modified": TODAY}
        records[ecosystem] = [record(f"{ecosystem}-1", ecosystem, name, "2.0.0", **facts), *_padding(ecosystem)]
    return build_store(path, {name: found for name, found in records.items() if name not in without}, exploited=["CVE-2014-0160"])


def _padding(ecosystem: str) -> list[dict[str, object]]:
    return [record(f"PAD-{ecosystem}-{n}", ecosystem, f"nobody-has-{n}", "0.1") for n in range(120)]


@dataclass(frozen=True)
class Gate:
    """The gate with one store; images lie in a folder of the test."""

    store: Path | None
    folder: Path

    def judge(self, reference: str | Path, **options: object) -> list[Outcome]:
        """Return the verdicts on whatever a reference names."""
        backend = Embedded(lambda _: Store(str(self.store)) if self.store else None)
        judge = gate.Judge(load("recommended", CLOCK.date()), CLOCK)
        opened = Options(**options)  # type: ignore[arg-type]
        return list(
            gate.check([str(reference)], lambda text, interest: openings(text, interest, opened), backend, judge, exit_code.of)
        )

    def write(self, layers: Layers, **facts: object) -> Path:
        made = [layer(one) for one in layers]
        path = self.folder / f"{len(list(self.folder.iterdir()))}.tar"
        return Image(made, **facts).docker_archive(path)  # type: ignore[arg-type]

    def verdict(self, layers: Layers) -> Outcome:
        (found,) = self.judge(self.write(layers))
        return found

    def code(self, layers: Layers) -> int:
        return self.verdict(layers).exit_code

    def is_seen(self, layers: Layers) -> None:
        """The image has a vulnerable package: that is found, or the reason why it could not be."""
        found = self.verdict(layers)
        assert found.exit_code in (4, 10), told(found)

    def passes(self, layers: Layers) -> None:
        found = self.verdict(layers)
        assert found.exit_code == 0, told(found)

    def differ(self, made: Callable[[str], Layers]) -> None:
        """The image of the vulnerable version is found out by its version, that of the fixed one passes."""
        bad = self.verdict(made(BAD))
        assert bad.exit_code == 10, told(bad)
        self.passes(made(GOOD))


def told(found: Outcome) -> str:
    """Return why a verdict is what it is, for whoever reads a failed test."""
    if not isinstance(found, Verdict):
        return found.message
    packages = [f"{one.name} {one.version} {one.locations[0].path}" for one in found.scan.packages]
    return f"{found.exit_code} {found.reasons} {packages}"

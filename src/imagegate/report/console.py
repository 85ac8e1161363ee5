"""The report that people read in a terminal or a build log: the verdict first, then what broke it."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from imagegate.model.releases import SYSTEMS
from imagegate.model.scan import EMBEDDED
from imagegate.model.severity import Severity
from imagegate.model.verdict import Failure, JudgedFinding, Outcome, Verdict
from imagegate.report import wording
from imagegate.text import clean

_FEW = 20  # findings that are listed before "and more"
_COLORS = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}
_OF_SEVERITY = {Severity.CRITICAL: "red", Severity.HIGH: "red", Severity.MEDIUM: "yellow"}
_WORDS = {"pass": ("PASS", "green"), "fail": ("FAIL", "red"), "none": ("NO VERDICT", "yellow")}
# Build servers take commands from any line of a log: `::error::`, `##[error]`, `##vso[…]`. No data may form one.
_COMMAND = re.compile(r"([#:])(?=\1)")
_INDENT = "    "
_LONGEST = 8000  # characters of one paragraph


_WITHOUT_RULE = {"accepted": "breaks no rule", "deferred": "left to the distribution, which ships it"}
_BUILT_IN = ("golang", "cargo")  # into programs


class Console:
    """See interface.Report; `width` in columns, `every` to list all findings, `layers` to group them by layer."""

    name = "console"

    def __init__(self, width: int = 100, *, color: bool = False, every: bool = False, layers: bool = False) -> None:
        self._width = max(40, width)
        self._color = color
        self._every = every
        self._layers = layers

    def render(self, outcomes: Sequence[Outcome]) -> str:
        """See Report.render."""
        blocks = [
            "\n".join(self._verdict(outcome) if isinstance(outcome, Verdict) else self._failure(outcome)) for outcome in outcomes
        ]
        return "\n\n".join(blocks) + "\n"

    def _paint(self, text: str, *colors: str) -> str:
        if not self._color or not colors:
            return text
        return "\x1b[" + ";".join(_COLORS[color] for color in colors) + "m" + text + "\x1b[0m"

    def _lines(self, text: str, first: str = _INDENT, *colors: str, rest: str | None = None) -> Iterator[str]:
        """Wrap text; what follows the first line is indented like that line, or with `rest`."""
        space = " " * _columns(first) if rest is None else rest
        width = self._width - max(len(space), _columns(first))
        for number, line in enumerate(_wrap(harmless(text), width)):
            yield (first if number == 0 else space) + self._paint(line, *colors)

    def _title(self, word: str, color: str, reference: str, code: int) -> Iterator[str]:
        yield from self._lines(f"{reference} (exit {code})", self._paint(word, color, "bold") + "  ", rest=_INDENT)

    def _failure(self, failure: Failure) -> Iterator[str]:
        failure = wording.tidy(failure)
        yield from self._title(*_WORDS["none"], failure.reference, failure.exit_code)
        yield from self._lines(failure.message)
        if failure.hint:
            yield from self._lines(failure.hint, _INDENT, "dim")

    def _verdict(self, verdict: Verdict) -> Iterator[str]:
        yield from self._title(*_WORDS[verdict.status], verdict.scan.image.reference, verdict.exit_code)
        yield from self._lines(wording.headline(verdict))
        if self._layers:
            yield from self._by_layer(verdict)
        else:
            for status, title in (("violates", "What breaks the build"), ("warns", "What only warns")):
                yield from self._findings([judged for judged in verdict.findings if judged.status == status], verdict, title)
        yield from self._upgrades(verdict)
        yield from self._evidence(verdict)
        yield from self._waivers(verdict)
        yield ""
        yield from self._summary(verdict)

    def _findings(self, judged: Sequence[JudgedFinding], verdict: Verdict, title: str) -> Iterator[str]:
        if judged:
            yield ""
            yield from self._lines(f"{title}: {wording.counts(judged)}", "", "bold", rest="  ")
            yield from self._listed(wording.worst_first(judged), verdict)

    def _by_layer(self, verdict: Verdict) -> Iterator[str]:
        """Each layer with its digest, size, command and packages, then all that was found in it, whatever its status."""
        from imagegate.report.layers import shares

        for share in shares(verdict):
            layer = share.layer
            found = [verdict.findings[index] for index in share.findings]
            yield ""
            facts = f"Layer {layer.index}, {share.packages} packages, {wording.counts(found) or 'nothing found'}"
            yield from self._lines(facts, "", "bold", rest="  ")
            size = f", {layer.size:,} bytes" if layer.size else ""
            yield from self._lines(f"{layer.digest or 'without a digest'}{size}", "  ", "dim")
            if layer.created_by:
                yield from self._lines(_short(layer.created_by, 4 * self._width), "  ", "dim")
            yield from self._listed(wording.worst_first(found), verdict)

    def _listed(self, found: list[JudgedFinding], verdict: Verdict) -> Iterator[str]:
        groups = _alike(found)
        shown = groups if self._every else groups[:_FEW]
        for group in shown:
            yield from self._finding(group, verdict)
        if len(shown) < len(groups):
            rest = wording.counts(judged for group in groups[_FEW:] for judged in group)
            yield from self._lines(f"and {rest} more: -v lists all, every other report holds them")

    def _finding(self, group: list[JudgedFinding], verdict: Verdict) -> Iterator[str]:
        judged = group[0]
        finding = judged.finding
        color = _OF_SEVERITY.get(judged.counts_as, "dim")
        mark = f"  {self._paint(judged.counts_as.word.upper().ljust(10), color, 'bold')} "
        score = "" if judged.score is None else f", CVSS {judged.score:.1f}"
        exploited = ", exploited" if finding.known_exploited else ""
        unknown = "" if judged.severity else f", severity {wording.severity(judged)}"
        yield from self._lines(f"{_short(finding.id, 60)}{score}{exploited}{unknown}", mark, "bold")
        body = " " * 13
        packages = ", ".join(dict.fromkeys(one.finding.package.name for one in group))
        yield from self._lines(f"{packages} {finding.package.version}: {wording.fix(judged)}", body)
        if finding.title:
            yield from self._lines(_short(finding.title, 2 * self._width), body, "dim")
        why = f"rule {wording.rules(judged)}" if judged.rules else _WITHOUT_RULE.get(judged.status, judged.status)
        where = "" if self._layers else f"; {_short(wording.layer(judged, verdict), 90)}"
        yield from self._lines(f"{why}{where}", body, "dim")
        places = list(dict.fromkeys(one.finding.location.path for one in group))
        if finding.package.type not in SYSTEMS:  # whose path is that of their database
            more = f" and {len(places) - 1} more" if len(places) > 1 else ""
            yield from self._lines(f"in {_short(places[0], 120)}{more}", body, "dim")
        if finding.aliases:
            yield from self._lines(f"also {_short(wording.names(judged), 200)}", body, "dim")

    def _upgrades(self, verdict: Verdict) -> Iterator[str]:
        """One line per source package, with the version that has every fix."""
        wanted: dict[tuple[str, str], dict[str, None]] = {}
        places: dict[tuple[str, str], dict[str, None]] = {}
        for judged in verdict.findings:
            finding = judged.finding
            if judged.status == "violates" and finding.fixed_in:
                name = finding.package.source_name or finding.package.name
                versions = [finding.upgrade] if finding.upgrade else finding.fixed_in
                key = (name, finding.package.type)
                wanted.setdefault(key, {}).update(dict.fromkeys(versions))
                if finding.package.type in _BUILT_IN or "!/" in finding.location.path:  # upgraded by building anew
                    places.setdefault(key, {})[finding.location.path.partition("!/")[0]] = None
        if not wanted:
            return
        yield ""
        yield self._paint("What to upgrade", "bold")
        for key, highest in sorted(wanted.items()):
            inside = list(places.get(key, ()))
            more = f" and {len(inside) - 1} more" if len(inside) > 1 else ""
            where = f", and build {_short(inside[0], 100)}{more} with it" if inside else ""
            name = "the Go toolchain" if key == ("stdlib", "golang") else key[0]
            yield from self._lines(f"{name}: {', '.join(highest)} or later{where}", "  ")

    def _evidence(self, verdict: Verdict) -> Iterator[str]:
        told = [item for item in verdict.evidence if item.status != "ok" or item.found != "ok"]
        if not told:
            return
        yield ""
        yield self._paint("What could not be seen", "bold")
        advised: set[str] = set()
        for item in told[: None if self._every else _FEW]:
            color = {"fail": "red", "warn": "yellow"}.get(item.status, "dim")
            word = item.status if item.status != "ok" else "ignored"
            yield from self._lines(f"{item.kind}: {item.detail}", f"  {self._paint(word.ljust(7), color)} ")
            if item.status == "fail" and item.kind not in advised:
                advised.add(item.kind)
                yield from self._lines(wording.advice(item.kind), " " * 10, "dim")
        if len(told) > _FEW and not self._every:
            yield from self._lines(f"and {len(told) - _FEW} more: -v lists all")

    def _waivers(self, verdict: Verdict) -> Iterator[str]:
        if not verdict.waivers:
            return
        yield ""
        yield self._paint("Waivers", "bold")
        for waiver in verdict.waivers:
            end = f" until {waiver.expires}" if waiver.expires else ""
            state = {
                "used": f"holds{end} for {len(waiver.findings)}",
                "unused": "matches nothing: remove it",
                "expired": f"expired on {waiver.expires}: what it covered counts again ({len(waiver.findings)})",
            }[waiver.status]
            who = ", ".join(part for part in (waiver.owner, waiver.reason) if part)
            colors = () if waiver.status == "used" else ("yellow",)
            yield from self._lines(f"{waiver.id} {waiver.package}".rstrip() + f": {state} ({who})", "  ", *colors)

    def _summary(self, verdict: Verdict) -> Iterator[str]:
        scan = verdict.scan
        rest = [judged for judged in verdict.findings if judged.status == "accepted"]
        waived = [judged for judged in verdict.findings if judged.status == "waived"]
        if rest:
            yield from self._lines(f"Breaks no rule: {wording.counts(rest)}", "", rest="  ")
        deferred = [judged for judged in verdict.findings if judged.status == "deferred"]
        if deferred:
            said = f"Left to the distribution, which ships these packages: {wording.counts(deferred)}"
            yield from self._lines(said, "", rest="  ")
        if waived:
            yield from self._lines(f"Waived: {wording.counts(waived)}", "", rest="  ")
        kinds: dict[str, int] = {}
        for package in scan.packages:
            kinds[package.type] = kinds.get(package.type, 0) + 1
        packages = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "no"
        where = ""
        if scan.distribution:
            where = f" of {scan.distribution.pretty_name or f'{scan.distribution.id} {scan.distribution.version}'.rstrip()}"
        where_from = f", {scan.image.platform}" if scan.image.platform else ""
        yield from self._lines(
            f"Looked at {packages} packages{where} in {len(scan.image.layers)} layers{where_from}",
            "",
            "dim",
            rest="  ",
        )
        for run in scan.backends:
            if run.database:
                number = f"{run.database.records:,} " if run.database.records else ""  # not every scanner tells
                data = f", {number}advisories confirmed {run.database.confirmed[:10]}"
                yield from self._lines(f"Scanned by {run.name} {run.version}{data}", "", "dim", rest="  ")
            elif run.name != EMBEDDED:
                yield from self._lines(f"Scanned by {run.name} {run.version}".rstrip(), "", "dim", rest="  ")
        yield from self._lines(
            f"Policy {verdict.policy.reference} {verdict.policy.digest[:19]}, judged {verdict.created}", "", "dim", rest="  "
        )


def _alike(findings: Sequence[JudgedFinding]) -> list[list[JudgedFinding]]:
    """Put together what is one story to a reader: one vulnerability in several packages of one source."""
    groups: dict[tuple[object, ...], list[JudgedFinding]] = {}
    for judged in findings:
        finding, package = judged.finding, judged.finding.package
        key = (finding.id, package.type, package.source_name or package.purl, package.version, finding.fixed_in)
        groups.setdefault((*key, finding.location.layer, judged.rules, judged.counts_as), []).append(judged)
    return list(groups.values())


def harmless(line: str) -> str:
    """Return a line of a log that no terminal and no build server takes for a command."""
    return _COMMAND.sub(r"\1\\", clean(line, _LONGEST))


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _columns(text: str) -> int:
    """Return how many columns a terminal needs; colour needs none, wide characters two (UAX #11)."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text) if "\x1b" in text else text
    if plain.isascii():
        return len(plain)
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in plain)


def _wrap(text: str, width: int) -> Iterator[str]:
    """Yield lines of at most `width` columns; a word that is longer is cut, so that no log line runs away."""
    width = max(20, width)
    line, used = "", 0
    words = text.split()
    if len(text) <= width and text.isascii():  # nearly every line
        yield from filter(None, (" ".join(words),))
        return
    for word in words:
        size = _columns(word)
        if used and used + 1 + size > width:
            yield line
            line, used = "", 0
        if size > width:
            *pieces, last = _pieces(word, width)
            yield from pieces
            line, used = last, _columns(last)
        else:
            line, used = (f"{line} {word}", used + 1 + size) if used else (word, size)
    if line:
        yield line


def _pieces(word: str, width: int) -> Iterator[str]:
    start, used = 0, 0
    for index, char in enumerate(word):
        size = _columns(char)
        if used + size > width:
            yield word[start:index]
            start, used = index, 0
        used += size
    yield word[start:]

"""Text as an attacker would put it into an image or an advisory, and what a CI system would make of a log."""

import re
from dataclasses import replace

from imagegate.model.image import Evidence, Layer
from imagegate.model.inventory import Location
from imagegate.model.verdict import Failure, Verdict
from imagegate.policy.document import Policy
from imagegate.text import clean
from tests.scans import DEBIAN, finding, image, judged, package, policy, scan

CORPUS = {
    "terminal": "\x1b[2J\x1b]8;;http://evil.example\x07click\x1b]8;;\x07\x9b31m",
    "bidi": "\u202eevil\u202c\u2066x\u2069\u200b\ufeff",
    "github v2": "::error file=x::evil",
    "github v2 on a line of its own": "x\n::stop-commands::token\r::add-mask::e\r\n  ::set-output name=a::b",
    "github v1": "x ##[stop-commands]token ##[error]x ###[add-mask]e",
    "azure": "##vso[task.complete result=Succeeded]done",
    "teamcity": "##teamcity[buildStatus status='SUCCESS']",
    "buildkite": "\n--- fold\n+++ open\n~~~ x",
    "travis": "\ntravis_fold:start:evil\n",
    "gitlab": "section_start:1:x\r\x1b[0K [[ATTACHMENT|/etc/passwd]] [[[ATTACHMENT|x]]]",
    "lines": "a\nb\rc\x85d\u2028e\u2029f\x0bg\x0ch",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;",
    "xml": "]]><failure/><!-- --> <![CDATA[ &lol; \x00\x01\ufffe\uffff",
    "markdown": "[click](http://evil.example) ![x](http://evil.example) `x` **b** @team #1 | a | {0} {1}",
    "long": "A" * 1_000_000,
    "long words": ("::" + "#" * 300 + "[" + " ") * 2000,
    "wide": "漢字" * 2000 + " é\u0301" * 50,
    "surrogates": "\ud800 \udfff \udcff x",
    "csv": "=cmd|' /C calc'!A0",
    "quotes": '\'"\\\\\\"%0a%25{{7*7}}${7*7}$(id)`id`',
}


def hostile(text: str) -> list[Verdict | Failure]:
    """Return outcomes in which everything that is not ours is the text: made harmless where it enters the model, as there."""
    evil = clean(text)
    place = Location(clean(text, 4096), 0)
    one = package(evil, evil, purl=f"pkg:deb/debian/x@1?arch={len(text)}", locations=(place,), source_name=evil, owned_by=evil)
    found = [
        finding(clean(text, 200), one, severity, aliases=(evil,), fixed_in=(evil, "2"), title=evil, url=url, published=evil)
        for severity, url in (("critical", "https://x.example/" + clean(text, 400)), ("low", "http://" + evil), (evil, ""))
    ]
    layers = tuple(Layer(index, "", "", 1, clean(text, 500)) for index in range(2))
    of = replace(image(clean(text, 1000)), layers=layers, labels=((evil, evil),), platform=clean(text, 64))
    report = scan(
        found, [Evidence("unreadable", "fail", evil)], of=of, distribution=replace(DEBIAN, pretty_name=evil, version=evil)
    )
    return [judged(report, _policy(text)), Failure(text, 3, text, text, "2026-11-22T12:00:00Z")]


def _escaped(text: str) -> str:
    """Write text so that YAML reads back exactly it; YAML knows no surrogates."""
    return "".join(f"\\U{ord(char):08x}" for char in text if not "\ud800" <= char <= "\udfff")


def _policy(text: str) -> Policy:
    """A policy that says the text wherever it may; its waiver is for the finding that only warns."""
    name, said = _escaped(re.sub(r"[*?\s]", "_", clean(text, 200))), _escaped(text[:500])
    waiver = f'{{id: "{name}", reason: "x{said}", owner: "x{said}", package: "x{said}", path: "x{said}", expires: 2026-12-01}}'
    return policy(
        f"""
extends: [recommended]
rules:
  - {{id: evil, match: {{package: ["{said}", "*"], severity: ">=high"}}, action: fail}}
  - {{id: low, match: {{severity: low}}, action: warn}}
waivers: {{list: [{waiver}]}}
"""
    )


# The parsers of GitHub's runner (ActionCommand) and of the Azure agent (Command), written after how they behave: a line is
# a command when it begins with `::name …::` (blanks before it do not matter), or holds `##[name …]` or `##vso[…]` anywhere.
_REGISTERED = {
    *("error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "add-matcher", "remove-matcher", "set-output"),
    *("save-state", "set-env", "add-path", "echo", "stop-commands", "internal-set-repo-path"),
}


def commands(log: str) -> list[str]:
    """Return what a build server would take for commands in a log."""
    found = []
    for line in re.split(r"\r\n|\r|\n", log):
        start = line.lstrip()
        modern = re.match(r"::([^ :]*)[^:]*(?::[^:]+)*::", start) if start.startswith("::") else None
        legacy = re.search(r"##\[([^ \]]*)[^\]]*\]", line)
        other = "##vso[" in line or "##teamcity[" in line or re.match(r"(---|\+\+\+|~~~|travis_|section_(start|end):)", line)
        if other or any(match and match[1] in _REGISTERED for match in (modern, legacy)):
            found.append(line)
    return found

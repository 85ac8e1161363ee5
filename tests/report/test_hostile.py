"""No text of an image, an advisory, a policy or a command line breaks out of a report."""

import json
import re
import unicodedata
from typing import Any

import pytest
from lxml import etree

from imagegate.backend import stored
from imagegate.model.image import Image
from imagegate.report.console import Console
from imagegate.report.interface import Report
from imagegate.report.json import Json
from imagegate.report.junit import Junit
from imagegate.report.sarif import Sarif
from imagegate.text import clean
from tests.scans import judged, scan

from .hostile import CORPUS, commands, hostile

FORMATS: dict[str, Report] = {
    "console": Console(120, every=True),
    "narrow console": Console(40),
    "colours": Console(80, color=True, every=True),
    "json": Json(),
    "junit": Junit(),
    "sarif": Sarif(),
}
OWN_COLORS = re.compile(r"\x1b\[[0-9;]+m")


def test_the_oracle_knows_a_command_when_it_sees_one() -> None:
    for text in (
        CORPUS["github v2"],
        CORPUS["github v1"],
        CORPUS["azure"],
        CORPUS["teamcity"],
        CORPUS["buildkite"],
        CORPUS["travis"],
    ):
        assert commands(text)
    assert commands("| CVE | ##[add-mask]e | 1.2 |")
    assert commands("pkg\r::add-mask::the")
    assert commands("  ::error title=a:b::text")
    assert not commands("x ::error::a")
    assert not commands("::unknown::a")


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("name", CORPUS)
def test_a_report_is_a_log_that_holds_no_command(name: str, format_: str) -> None:
    text = FORMATS[format_].render(hostile(CORPUS[name]))

    if "console" in format_ or format_ == "colours":
        assert commands(OWN_COLORS.sub("", text)) == []
    hidden = {
        char for char in OWN_COLORS.sub("", text) if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    }
    assert hidden <= {"\n"}
    text.encode("utf-8")
    assert len(text) < 1_000_000


@pytest.mark.parametrize("name", CORPUS)
def test_json_holds_only_harmless_text_and_is_read_back(name: str) -> None:
    text = Json().render(hostile(CORPUS[name]))

    strings = list(texts(json.loads(text)))
    assert all(clean(one, 10**6) == one for one in strings)
    assert len(stored.read(text.encode(), "r.json")) == 2


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.items() for text in texts(list(item))]
    return [text for item in value for text in texts(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("name", CORPUS)
def test_junit_holds_no_element_that_is_not_ours_and_no_attachment(name: str) -> None:
    root = etree.fromstring(Junit().render(hostile(CORPUS[name])).encode())

    assert {element.tag for element in root.iter()} <= {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "error",
        "skipped",
        "system-out",
    }
    assert len(root.findall("testsuite")) == 2
    assert "[[" not in "".join(root.itertext()) + "".join(
        str(value) for element in root.iter() for value in element.attrib.values()
    )


@pytest.mark.parametrize("name", CORPUS)
def test_sarif_takes_no_link_and_no_placeholder_from_data(name: str) -> None:
    log = json.loads(Sarif().render(hostile(CORPUS[name])))

    for text in messages(log):
        assert not re.search(r"(?<!\\)(\\\\)*\[", text)
        assert not re.search(r"\{[0-9]+\}", text.replace("{{", "").replace("}}", ""))
    for link in (rule["helpUri"] for run in log["runs"] for rule in run["tool"]["driver"]["rules"] if "helpUri" in rule):
        assert re.match(r"https?://[A-Za-z0-9.-]+(/[A-Za-z0-9/?#!$&'()*+,;=:@%~._-]*)?\Z", link)


def messages(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [text for item in value.values() for text in messages(item)]
    return [text for item in value for text in messages(item)] if isinstance(value, list) else []


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("name", CORPUS)
def test_no_line_is_wider_than_the_console(name: str, width: int) -> None:
    for line in Console(width).render(hostile(CORPUS[name])).split("\n"):
        wide = sum(unicodedata.east_asian_width(char) in "WF" for char in line)
        marks = sum(bool(unicodedata.combining(char)) for char in line)
        assert len(line) + wide - marks <= width, line


def test_text_that_nobody_cleaned_is_still_no_escape_in_a_console() -> None:
    evil = Image("\x1b[2J::error::\n##[error]x", "oci", "", None, "\x1b[31m")
    outcome = judged(scan(of=evil))

    text = Console(80).render([outcome])

    assert "\x1b" not in text
    assert commands(text) == []

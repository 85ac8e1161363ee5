"""Whatever is wrong with a policy, the error names file, line and column, and says what to do."""

import re
from pathlib import Path

import pytest

from imagegate.errors import PolicyError
from imagegate.policy.load import BUILT_IN, load
from tests.scans import TODAY

RULE = "rules:\n  - {id: r, match: {severity: high}, action: fail}\n"


def refused(path: Path, text: str | bytes) -> PolicyError:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(PolicyError) as caught:
        load(str(path), TODAY)
    assert re.match(rf"{re.escape(str(path))}:[0-9]+:[0-9]+: .", caught.value.message), caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value


# What is wrong: the text, with a § before the place that the error names, and what the error says.
MISTAKES = {
    "no version": ("§" + RULE, "'version' is missing"),
    "another version": ("§version: 2\n" + RULE, "must be 1"),
    "a version in quotes": ("§version: '1'\n" + RULE, "must be 1"),
    "a list": ("§- version: 1\n", "must be a mapping"),
    "a word": ("§policy\n", "must be a mapping"),
    "nothing": ("§", "empty"),
    "only a comment": ("§# soon\n", "empty"),
    "null": ("§~\n", "must be a mapping"),
    "a misspelt key": ("version: 1\n§rulez: []\n", "unknown key 'rulez'"),
    "no rules": ("version: 1\n§rules: []\n", "empty list"),
    "a key twice": ("version: 1\n§version: 1\n", "twice"),
    "a key of a rule twice": ("version: 1\nrules:\n  - {id: r, §id: s}\n", "twice"),
    "a rule twice": ("version: 1\n" + RULE + "  - {§id: r, match: {severity: low}, action: warn}\n", "twice"),
    "rules as a mapping": ("version: 1\n§rules: {id: r}\n", "must be a list"),
    "no id": ("version: 1\nrules:\n  - §{match: {severity: high}, action: fail}\n", "'id' is missing"),
    "a bad id": ("version: 1\nrules:\n  - {§id: No Critical, match: {severity: high}, action: fail}\n", "not written"),
    "no match": ("version: 1\nrules:\n  - §{id: r, action: fail}\n", "no 'match'"),
    "no action": ("version: 1\nrules:\n  - §{id: r, match: {severity: high}}\n", "no 'action'"),
    "another action": ("version: 1\nrules:\n  - {id: r, match: {severity: high}, §action: block}\n", "none of fail, warn"),
    "an empty match": ("version: 1\nrules:\n  - {id: r, §match: {}, action: fail}\n", "empty"),
    "an empty list": ("version: 1\nrules:\n  - {id: r, match: {§id: []}, action: fail}\n", "empty list"),
    "no such severity": ("version: 1\nrules:\n  - {id: r, match: {§severity: hihg}, action: fail}\n", "hihg"),
    "a score too high": ("version: 1\nrules:\n  - {id: r, match: {§cvss: 11}, action: fail}\n", "more than 10"),
    "a score as text": ("version: 1\nrules:\n  - {id: r, match: {§cvss: '7'}, action: fail}\n", "cvss"),
    "yes for true": ("version: 1\nrules:\n  - {id: r, match: {§known_exploited: yes}, action: fail}\n", "true or false"),
    "a half maximum": ("version: 1\nrules:\n  - {id: r, match: {severity: high}, §max: 1.5, action: fail}\n", "whole number"),
    "a negative maximum": ("version: 1\nrules:\n  - {id: r, match: {severity: high}, §max: -1, action: fail}\n", "less than 0"),
    "an octal maximum": ("version: 1\nrules:\n  - {id: r, match: {severity: high}, max: §010, action: fail}\n", "plain decimal"),
    "not a number": ("version: 1\nrules:\n  - {id: r, match: {cvss: §.nan}, action: fail}\n", "plain decimal"),
    "an endless number": ("version: 1\nrules:\n  - {id: r, match: {cvss: §1.0e+999}, action: fail}\n", "too large"),
    "above critical": ("version: 1\nrules:\n  - {id: r, match: {§severity: '>critical'}, action: fail}\n", "never hold"),
    "below negligible": ("version: 1\nrules:\n  - {id: r, match: {§severity: '<negligible'}, action: fail}\n", "never hold"),
    "above ten": ("version: 1\nrules:\n  - {id: r, match: {§cvss: '>10'}, action: fail}\n", "never hold"),
    "no such level": ("version: 1\n" + RULE + "evidence: {§unreadable: error}\n", "none of fail, warn, ignore"),
    "no such check": ("version: 1\n" + RULE + "evidence: {§unreadabel: warn}\n", "unknown key"),
    "a bad age": ("version: 1\n" + RULE + "evidence: {§database_max_age: 3 days}\n", "3 days"),
    "unknown as unknown": ("version: 1\n" + RULE + "severity: {§unknown: unknown}\n", "none of"),
    "a source twice": ("version: 1\n" + RULE + "severity: {source: [cvss, §cvss]}\n", "twice"),
    "a day that is none": (
        "version: 1\n" + RULE + "waivers: {list: [{id: CVE-1, reason: r, owner: o, §expires: 2026-02-30}]}\n",
        "2026-02-30",
    ),
    "a date the wrong way": (
        "version: 1\n" + RULE + "waivers: {list: [{id: CVE-1, reason: r, owner: o, §expires: 30.11.2026}]}\n",
        "30.11.2026",
    ),
    "a waiver for all": ("version: 1\n" + RULE + "waivers: {list: [{§id: 'CVE-*', reason: r, owner: o}]}\n", "CVE-*"),
    "a waiver without reason": (
        "version: 1\n" + RULE + "waivers: {list: [§{id: CVE-1, owner: o, expires: 2026-12-01}]}\n",
        "no 'reason'",
    ),
    "a waiver without owner": (
        "version: 1\n" + RULE + "waivers: {list: [§{id: CVE-1, reason: r, expires: 2026-12-01}]}\n",
        "no 'owner'",
    ),
    "a waiver without end": ("version: 1\n" + RULE + "waivers: {list: [§{id: CVE-1, reason: r, owner: o}]}\n", "no 'expires'"),
    "a blank reason": (
        "version: 1\n" + RULE + "waivers: {list: [§{id: CVE-1, reason: ' ', owner: o, expires: 2026-12-01}]}\n",
        "no 'reason'",
    ),
    "a waiver that holds too long": (
        "version: 1\n"
        + RULE
        + "waivers:\n  max_days: 9\n  list:\n    - §{id: CVE-1, reason: r, owner: o, expires: 2026-12-02}\n",
        "10 days",
    ),
    "a waiver for ever": ("version: 1\n" + RULE + "waivers: {require: [], max_days: 9, list: [§{id: CVE-1}]}\n", "never ends"),
    "an alias": ("version: 1\nrules:\n  - §&a {id: r, match: {severity: high}, action: fail}\n  - *a\n", "anchors"),
    "an unknown alias": ("version: 1\nrules: §*a\n", "aliases"),
    "a merge key": ("version: 1\nrules:\n  - {§<<: {id: r}, match: {severity: high}}\n", "merge keys"),
    "a tag": ("version: §!!int '1'\n", "tag"),
    "a tag of Python": ("version: §!!python/object/apply:os.system ['true']\n", "tag"),
    "two documents": ("version: 1\n" + RULE + "§---\nversion: 1\n", "document"),
    "a mapping as a key": ("version: 1\n? §{a: b}\n: c\n", "key"),
    "a tab": ("version: 1\nrules:\n§\t- id: r\n", ""),
    "an open quote": ("version: 1\nrules: 'x\n§", ""),
    "an open bracket": ("version: 1\nrules: [\n§", ""),
    "a control character": ("version: 1\nrules: §\x07\n", "character"),
    "deep nesting": (
        "version: 1\nrules: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[§[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        "deep",
    ),
    "no such parent": ("version: 1\nextends: [§recommendet]\n", "no such file"),
    "a parent on the network": ("version: 1\nextends:\n  - §https://example.org/p.yaml\n", "network"),
    "a folder as a parent": ("version: 1\nextends: [§.]\n", "directory"),
    "a parent with no name": ('version: 1\nextends: [§"a\\0b"]\n', "not a name"),
    "a parent that is a number": ("version: 1\nextends: [§1]\n", "must be text"),
    "an unknown rule in an override": (
        "version: 1\nextends: [recommended]\nrules:\n  - §{id: no-critcal, action: warn}\n",
        "no 'match'",
    ),
    "escapes in a key": ('version: 1\n§"\\e[31m\\u202e": 1\n', "\\x1b"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_refused_with_its_place(name: str, tmp_path: Path) -> None:
    marked, said = MISTAKES[name]
    before = marked.partition("§")[0].split("\n")

    error = refused(tmp_path / "p.yaml", marked.replace("§", ""))

    assert error.message.startswith(f"{tmp_path / 'p.yaml'}:{len(before)}:{len(before[-1]) + 1}: ")
    assert said in error.message
    assert error.message.isprintable()


def test_what_is_no_text_or_far_too_much_is_refused(tmp_path: Path) -> None:
    assert ":2:9: not UTF-8" in refused(tmp_path / "a.yaml", b"version: 1\nreason: \xff\n").message
    assert ":1:1: not UTF-8" in refused(tmp_path / "b.yaml", "version: 1\n".encode("utf-16")).message
    assert "too many" in refused(tmp_path / "c.yaml", b"#" * ((1 << 20) + 1)).message
    assert "deep" in refused(tmp_path / "d.yaml", "version: 1\nrules: " + "[" * 50_000).message


@pytest.mark.parametrize(
    "text",
    [
        "image: []",
        "baseline: x",
        "rules: [{id: r, match: {epss: '>0.5'}, action: fail}]",
        "rules: [{id: r, match: {fix_age: '>14d'}, action: fail}]",
        "rules: [{id: r, match: {change: introduced}, action: fail}]",
        "rules: [{id: r, match: {severity: high}, action: fail, locked: true}]",
        "rules: [{id: r, match: {severity: high}, action: fail, waivable: true}]",
        "severity: {sources: vendor}",
        "evidence: {max_age: 3d}",
        "waivers: {days: 3}",
        "waivers: {list: [{id: CVE-1, until: 2026-12-01}]}",
    ],
)
def test_a_key_that_this_version_does_not_know_is_never_ignored(text: str, tmp_path: Path) -> None:
    error = refused(tmp_path / "p.yaml", f"version: 1\n{text}\n")

    assert "unknown key" in error.message


def test_a_misspelt_word_draws_the_right_one(tmp_path: Path) -> None:
    assert "'severity'" in refused(tmp_path / "a.yaml", "version: 1\nrules: [{id: r, match: {severty: high}, action: fail}]").hint
    assert "'recommended'" in refused(tmp_path / "b.yaml", "version: 1\nextends: [recomended]\n").hint
    assert "'no-critical'" in refused(tmp_path / "c.yaml", MISTAKES["an unknown rule in an override"][0].replace("§", "")).hint


def test_the_first_of_several_mistakes_is_told_and_the_others_are_counted(tmp_path: Path) -> None:
    error = refused(tmp_path / "p.yaml", "version: 1\nfirst: 1\nsecond: 2\nthird: 3\n")

    assert ":2:1:" in error.message
    assert "and 2 more" in error.message


def test_thousands_of_mistakes_are_told_at_once(tmp_path: Path) -> None:
    error = refused(tmp_path / "p.yaml", "version: 1\n" + "".join(f"severit{number}: 1\n" for number in range(5000)))

    assert "and 4,999 more" in error.message or "and 4999 more" in error.message


def test_an_alias_bomb_is_refused_before_it_explodes(tmp_path: Path) -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 40))

    assert "anchors" in refused(tmp_path / "p.yaml", f"l0: &l0 [x]\n{levels}").message


def test_policies_that_extend_each_other_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("version: 1\nextends: [./c.yaml]\n")
    (tmp_path / "c.yaml").write_text("version: 1\nextends:\n  - sub/../a.yaml\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.yaml").write_text("version: 1\nextends: [b.yaml]\n")

    with pytest.raises(PolicyError, match=r"c\.yaml:3:5: .*extends itself"):
        load(str(tmp_path / "a.yaml"), TODAY)


def test_policies_that_extend_each_other_a_thousandfold_are_refused(tmp_path: Path) -> None:
    for level in range(6):
        for number in range(10):
            parents = ", ".join(f"{level + 1}-{other}.yaml" for other in range(10)) if level < 5 else "recommended"
            (tmp_path / f"{level}-{number}.yaml").write_text(f"version: 1\nextends: [{parents}]\n")

    with pytest.raises(PolicyError, match="too often"):
        load(str(tmp_path / "0-0.yaml"), TODAY)


def test_a_mistake_in_a_parent_is_told_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "org.yaml").write_text("version: 1\nrules:\n  - {id: r, match: {severity: hihg}, action: fail}\n")
    (tmp_path / "p.yaml").write_text("version: 1\nextends: [base/org.yaml]\n")

    with pytest.raises(PolicyError, match=r"base/org\.yaml:3:21: "):
        load(str(tmp_path / "p.yaml"), TODAY)


def test_a_policy_that_is_not_there_is_refused_with_a_hint() -> None:
    with pytest.raises(PolicyError, match="no such file") as caught:
        load("recomended", TODAY)

    assert "'recommended'" in caught.value.hint


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_is_built_in_has_no_mistake(name: str) -> None:
    assert load(name, TODAY).rules

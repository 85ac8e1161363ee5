"""From a policy file to a policy: read, checked, and put together with what it extends."""

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

from imagegate import schema
from imagegate.errors import PolicyError
from imagegate.policy.conditions import impossible
from imagegate.policy.document import (
    DEFAULT_MAX_AGE,
    DEFAULT_OWNED,
    DEFAULT_REQUIRED,
    DEFAULT_SOURCES,
    DEFAULT_UNKNOWN,
    EVIDENCE,
    Policy,
    Rule,
    Waiver,
)
from imagegate.policy.places import Document
from imagegate.schema import Path
from imagegate.text import clean

# `recommended` breaks the build on what should not wait: malicious, exploited, critical, and high where a fix exists.
# `strict`: whatever has a fix must be fixed, and nothing high may be left without one. `permissive`: only what is
# dangerous now; missing evidence warns.
BUILT_IN = ("recommended", "strict", "permissive")
_DEEPEST = 8  # policies above one another
_MOST = 100  # policies in all


def load(reference: str, today: date) -> Policy:
    """Return the policy that a name of BUILT_IN or a path stands for.

    `today` bounds how far ahead a waiver may end. Raises PolicyError with file, line, column and a hint.
    """
    content = _resolved(reference)
    if not content.get("rules"):
        raise PolicyError(
            f"{clean(reference, 300)}: the policy has no rule, so it would let everything pass",
            "Add a rule, or `extends: [recommended]`.",
        )
    _check_waivers(content, today)
    return _policy(reference, content)


def fail_on(severity: str) -> Policy:
    """Return the policy of one rule: nothing of this severity or above."""
    rule = {"id": "fail-on", "match": {"severity": severity if severity == "critical" else f">={severity}"}, "action": "fail"}
    return _policy(f"--fail-on {severity}", {"version": 1, "rules": [rule]})


def as_yaml(policy: Policy) -> str:
    """Return the resolved policy as a policy file."""
    import yaml as writer

    content = {
        key: policy.content[key]
        for key in ("version", "severity", "owned", "rules", "evidence", "waivers")
        if key in policy.content
    }
    text: str = writer.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    if any(clean(line, len(line)) != line for line in text.split("\n")):  # YAML prints bidi characters as they are
        text = writer.safe_dump(content, sort_keys=False, allow_unicode=False, width=110)
    return text


def _policy(reference: str, content: dict[str, Any]) -> Policy:
    severity, evidence, waivers = (content.get(key, {}) for key in ("severity", "evidence", "waivers"))
    sources = severity.get("source", DEFAULT_SOURCES)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return Policy(
        reference=clean(reference, 300),
        digest="sha256:" + hashlib.sha256(canonical.encode()).hexdigest(),
        content=content,
        sources=(sources,) if isinstance(sources, str) else tuple(sources),
        unknown=severity.get("unknown", DEFAULT_UNKNOWN),
        owned=content.get("owned", DEFAULT_OWNED),
        rules=tuple(Rule(rule["id"], rule["match"], rule["action"], rule.get("max", 0)) for rule in content["rules"]),
        evidence={check: evidence.get(check, "fail") for check in EVIDENCE},
        max_age=_duration(evidence.get("database_max_age", DEFAULT_MAX_AGE)),
        asks_age=not evidence.keys().isdisjoint(("database_max_age", "stale_database")),
        waivers=tuple(_waiver(waiver) for waiver in waivers.get("list", ())),
    )


def _waiver(facts: dict[str, Any]) -> Waiver:
    return Waiver(
        id=clean(facts["id"], 200),
        package=_texts(facts.get("package", ())),
        path=_texts(facts.get("path", ())),
        reason=clean(facts.get("reason", ""), 1000),
        owner=clean(facts.get("owner", ""), 200),
        expires=date.fromisoformat(facts["expires"]) if facts.get("expires") else None,
    )


def _texts(value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _duration(text: str) -> timedelta:
    return timedelta(days=int(text[:-1])) if text.endswith("d") else timedelta(hours=int(text[:-1]))


class _Unusable(Exception):
    """A policy that cannot be read; whoever names it knows the place where."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def _resolved(reference: str) -> dict[str, Any]:
    files_read: list[str] = []
    try:
        found = _fetch(reference, "", (), files_read)
    except _Unusable as error:
        raise PolicyError(f"{clean(reference, 300)}: {error.message}", error.hint) from None
    return _merged(*found, (), files_read)


def _merged(name: str, text: bytes, folder: str | None, above: tuple[str, ...], files_read: list[str]) -> dict[str, Any]:
    """Return a checked document with everything it extends underneath it; `folder` is where its own paths begin.

    A built-in one has none; it is JSON and known to be right, so that it costs neither YAML nor a check.
    """
    document = _read(name, text) if folder is not None else Document(name, json.loads(text), {(): (1, 1)})
    content: dict[str, Any] = {"version": 1}
    above = (*above, name)
    for index, parent in enumerate(document.value.get("extends", ())):
        try:
            found = _fetch(parent, folder or "", above, files_read)
        except _Unusable as error:
            raise document.error(("extends", index), f"{parent}: {error.message}", error.hint) from None
        content = _over(content, _merged(*found, above, files_read))
    _override_rules(document, content)
    return _over(content, {key: value for key, value in document.value.items() if key not in ("extends", "rules")})


def _read(name: str, text: bytes) -> Document:
    """Return a policy file, checked."""
    from imagegate.policy import yaml

    document = yaml.read(text, clean(name, 300))
    _validate(document)
    return document


def _fetch(reference: str, folder: str, above: tuple[str, ...], files_read: list[str]) -> tuple[str, bytes, str | None]:
    """Return the name of a policy, its bytes, and the folder that its own references are relative to; None: built in."""
    if "://" in reference:
        raise _Unusable("policies are not fetched from the network yet", "Name a file, or: " + ", ".join(BUILT_IN))
    name = os.path.normpath(os.path.join(folder, reference))
    if reference in BUILT_IN:
        name = reference
    elif name in BUILT_IN:
        name = os.path.join(".", name)
    if name in above:
        raise _Unusable(f"extends itself: {' → '.join((*above, name))}", "Break the circle.")
    if len(above) > _DEEPEST or len(files_read) >= _MOST:
        raise _Unusable("policies extend each other too often", f"Extend fewer: {_DEEPEST} deep and {_MOST} in all at most.")
    files_read.append(name)
    if reference in BUILT_IN:
        return name, files("imagegate").joinpath("policy", "builtin", f"{reference}.json").read_bytes(), None
    if os.path.exists(name) and not (os.path.isfile(name) or os.path.isdir(name) or name.startswith("/dev/")):
        raise _Unusable("not a regular file", "A pipe could keep us waiting for ever.")
    try:
        with open(name, "rb") as file:
            return name, file.read((1 << 20) + 1), os.path.dirname(name)
    except FileNotFoundError:
        raise _Unusable("no such file", _did_you_mean(reference, BUILT_IN) or "Write one: imagegate policy init.") from None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = error.strerror if isinstance(error, OSError) else "not a name of a file"
        raise _Unusable(str(reason), "Name a readable file.") from None


def _validate(document: Document) -> None:
    """Raises PolicyError for the first thing in the file that is wrong, by its line."""
    found = list(schema.problems(document.value, schema.load("policy", "policy.schema.json")))
    found += _contradictions(document.value) if not found else []
    if found:
        first = min(found, key=lambda problem: _place_of(document, problem.path))
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise document.error(first.path, _placed(first) + more, _did_you_mean(first.word, first.known) or _hint(first))


def _place_of(document: Document, path: Path) -> tuple[int, int]:
    while path not in document.places:
        path = path[:-1]
    return document.places[path]


def _placed(problem: schema.Problem) -> str:
    where = ".".join(str(step) for step in problem.path if not isinstance(step, int))
    return f"{where}: {problem.message}" if where and not problem.message.startswith("unknown key") else problem.message


def _contradictions(content: dict[str, Any]) -> Iterator[schema.Problem]:
    """What is well-formed and still cannot be meant."""
    seen: set[str] = set()
    for index, rule in enumerate(content.get("rules", ())):
        path: Path = ("rules", index)
        if rule["id"] in seen:
            yield schema.Problem((*path, "id"), f"the rule {rule['id']!r} is there twice")
        seen.add(rule["id"])
        for key, wanted in rule.get("match", {}).items():
            if reason := impossible(key, wanted):
                yield schema.Problem((*path, "match", key), f"can never hold: {reason}")


def _override_rules(document: Document, content: dict[str, Any]) -> None:
    """A rule with an inherited id changes that rule; any other must be complete."""
    rules = [dict(rule) for rule in content.get("rules", ())]
    inherited = {rule["id"]: rule for rule in rules}
    for index, rule in enumerate(document.value.get("rules", ())):
        if rule["id"] in inherited:
            inherited[rule["id"]].update(rule)
            continue
        for key in ("match", "action"):
            if key not in rule:
                known = tuple(inherited)
                message = f"the rule {rule['id']!r} has no {key!r}" + (
                    ", and no policy it extends has a rule of that name" if known else ""
                )
                raise document.error(("rules", index), message, _did_you_mean(rule["id"], known) or f"Add `{key}:`.")
        rules.append(rule)
    if rules:
        content["rules"] = rules
    waivers = document.value.get("waivers", {})
    required = waivers.get("require", content.get("waivers", {}).get("require", DEFAULT_REQUIRED))
    for index, waiver in enumerate(waivers.get("list", ())):
        for key in required:
            if not str(waiver.get(key, "")).strip():
                raise document.error(
                    ("waivers", "list", index),
                    f"the waiver of {waiver['id']} has no {key!r}",
                    f"Add `{key}:`, or change `waivers.require`.",
                )
        waiver["_place"] = list(document.places[("waivers", "list", index)])
        waiver["_file"] = document.name


def _over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with what `top` says: sections key by key, waivers of both, rules by id."""
    merged = dict(base)
    for key, value in top.items():
        if key == "rules":
            rules = {rule["id"]: rule for rule in (*base.get("rules", ()), *value)}
            merged["rules"] = list(rules.values())
        elif isinstance(value, dict):
            section = {**base.get(key, {}), **value}
            if key == "waivers" and ("list" in base.get(key, {}) or "list" in value):
                section["list"] = [*base.get(key, {}).get("list", ()), *value.get("list", ())]
            merged[key] = section
        else:
            merged[key] = value
    return merged


def _check_waivers(content: dict[str, Any], today: date) -> None:
    """Hold every waiver against the longest life that the resolved policy allows, and drop the notes of places."""
    waivers = content.get("waivers", {})
    longest = waivers.get("max_days")
    for waiver in waivers.get("list", ()):
        (line, column), name = waiver.pop("_place"), waiver.pop("_file")
        if not longest:
            continue
        if "expires" not in waiver:
            raise PolicyError(
                f"{name}:{line}:{column}: the waiver of {waiver['id']} never ends, but max_days is {longest}", "Add `expires:`."
            )
        days = (date.fromisoformat(waiver["expires"]) - today).days
        if days > longest:
            latest = (today + timedelta(days=longest)).isoformat()
            raise PolicyError(
                f"{name}:{line}:{column}: the waiver of {waiver['id']} ends in {days} days, more than the {longest} of max_days",
                f"Its last day may be {latest}.",
            )


def _hint(problem: schema.Problem) -> str:
    if problem.hint:
        return problem.hint
    if problem.known:
        return f"Known: {', '.join(problem.known)}."
    return "See `imagegate policy show recommended` for a policy that is right."


def _did_you_mean(word: str, known: tuple[str, ...]) -> str:
    if not word or not known:
        return ""
    from difflib import get_close_matches

    close = get_close_matches(word, known, 1)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known)}."

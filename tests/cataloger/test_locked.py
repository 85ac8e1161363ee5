"""Lock files count only where nothing that is installed says more."""

from imagegate.cataloger.locked import Seen, without_locked
from imagegate.model.inventory import Location, Package, package_url


def package(name: str, version: str, path: str, basis: str = "installed", kind: str = "npm") -> Package:
    return Package(kind, name, version, package_url(kind, "", name, version, {}), (Location(path, 0),), basis=basis)


def lock(path: str, *names: str, problems: tuple[tuple[str, str], ...] = ()) -> Seen:
    return Seen(path, [package(name, "1.0.0", path, "locked") for name in names], list(problems))


def installed(path: str, name: str, version: str = "1.0.0", kind: str = "npm") -> Seen:
    return Seen(path, [package(name, version, path, kind=kind)], [])


def counted(*files: Seen) -> list[str]:
    return [f"{one.name} {one.basis}" for one in without_locked(list(files)).packages]


def test_a_lock_file_alone_counts() -> None:
    assert counted(lock("app/package-lock.json", "a", "b")) == ["a locked", "b locked"]


def test_a_lock_file_that_was_carried_out_below_its_folder_does_not_count() -> None:
    found = counted(lock("app/package-lock.json", "a", "dev"), installed("app/node_modules/a/package.json", "a", "2.0.0"))
    assert found == ["a installed"]


def test_a_lock_file_whose_packages_are_installed_elsewhere_does_not_count() -> None:
    gems = [installed(f"usr/local/bundle/specifications/{name}-1.0.0.gemspec", name) for name in ("a", "b")]
    assert counted(lock("app/Gemfile.lock", "a", "b", "test"), *gems) == ["a installed", "b installed"]


def test_what_npm_itself_brings_does_not_dismiss_the_application_s_lock_file() -> None:
    own = installed("usr/local/lib/node_modules/npm/node_modules/a/package.json", "a")
    assert counted(lock("app/package-lock.json", "a", "b", "c"), own) == ["a locked", "b locked", "c locked", "a installed"]


def test_another_kind_of_package_says_nothing() -> None:
    other = installed("app/vendor/a.dist-info/METADATA", "a", kind="pypi")
    assert counted(lock("app/package-lock.json", "a"), other) == ["a locked", "a installed"]


def test_what_was_left_out_is_told_and_its_problems_fail_nothing() -> None:
    broken = lock("app/package-lock.json", "a", problems=(("fail", "an entry from git"),))
    assert [item.found for item in without_locked([broken]).evidence] == ["fail"]
    done = without_locked([broken, installed("app/node_modules/a/package.json", "a")])
    assert [item.found for item in done.evidence] == ["ok", "ok"]
    assert "1 packages not counted" in done.evidence[0].detail


def test_a_lock_file_in_the_root_is_not_dismissed_by_whatever_is_installed_below() -> None:
    found = counted(lock("package-lock.json", "a", "b", "c"), installed("usr/lib/node_modules/x/package.json", "x"))
    assert found.count("x installed") == 1
    assert len(found) == 4

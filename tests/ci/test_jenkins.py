"""The files for Jenkins: linted, and the library step run with stand-ins for the steps of Jenkins."""

import re
import shutil
from pathlib import Path

import pytest

from .tools import ROOT, TEMPLATES, environment, in_front, passes, require, run, violated

PIPELINE = ROOT / "Jenkinsfile.example"
STEP = TEMPLATES / "jenkins" / "imageGate.groovy"

# The steps of Jenkins that the library step uses: `sh` runs for real, the others say that they were called.
HARNESS = """
class Stop extends RuntimeException { Stop(String text) { super(text) } }

def variables = [:]
def binding = new Binding()
binding.error = { String text -> throw new Stop(text) }
binding.unstable = { String text -> println "unstable: ${text}" }
binding.withEnv = { List<String> pairs, Closure body ->
    pairs.each { pair -> def (name, value) = pair.split('=', 2) as List; variables[name] = value }
    body()
}
binding.sh = { Map options ->
    def builder = new ProcessBuilder('sh', '-e', '-c', options.script).redirectErrorStream(true)
    builder.environment().putAll(variables)
    def process = builder.start()
    print process.inputStream.text
    int code = process.waitFor()
    if (options.returnStatus) { return code }
    if (code != 0) { throw new Stop("script returned exit code ${code}") }
}
binding.sarif = { Map options -> options }
['junit', 'recordIssues', 'archiveArtifacts'].each { name ->
    binding[name] = { Map options -> println "${name}: ${options}" }
}
def step = new GroovyShell(binding).parse(new File(args[0]))
try {
    println "returned: ${step.call(evaluate(args[1]))}"
} catch (Stop stop) {
    println "error: ${stop.message}"
    System.exit(1)
}
"""


def image_gate(folder: Path, options: str, program: Path) -> tuple[int, str]:
    """Call the library step with Groovy options and a program, and return the exit code and the log."""
    linter = Path(require("npm-groovy-lint")).resolve()
    jars = next(parent / "java" / "groovy" / "lib" for parent in linter.parents if (parent / "java").is_dir())
    harness = folder / "harness.groovy"
    harness.write_text(HARNESS, encoding="utf-8")
    done = run(
        require("java"), "-cp", f"{jars}/*", "groovy.ui.GroovyMain", harness, STEP, options,
        cwd=folder,
        env=environment(PATH=in_front(program)),
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_groovy_lint_finds_nothing(tmp_path: Path) -> None:
    """The linter for Groovy has nothing to say."""
    shutil.copyfile(PIPELINE, tmp_path / "Jenkinsfile")
    shutil.copy(STEP, tmp_path)

    passes(
        require("npm-groovy-lint"), "--noserver", "--failon", "info",
        "--config", Path(__file__).parent / "groovylintrc.json", tmp_path,
        cwd=tmp_path,
    )  # fmt: skip


@pytest.mark.parametrize("path", [PIPELINE, STEP], ids=lambda path: path.name)
def test_scripts_are_single_quoted(path: Path) -> None:
    """Groovy interpolates nothing into a script, and a shell can read each."""
    text = path.read_text(encoding="utf-8")
    scripts = re.findall(r"'''(.*?)'''", text, re.DOTALL)

    assert scripts
    assert not re.search(r'\bsh\s*\(?\s*(script:\s*)?"', text)
    assert '"""' not in text
    for script in scripts:
        passes("sh", "-n", "-c", script)


def test_step_stops_without_a_verdict(tmp_path: Path) -> None:
    """A policy that is not there is an error in the unstable mode too; the reports are published before."""
    program = Path(require("imagegate")).parent
    options = "[image: 'docker-archive:image.tar', policy: 'no-such-policy.yaml', onViolation: 'unstable']"

    code, log = image_gate(tmp_path, options, program)

    assert code == 1, log
    assert "error: The gate reached no verdict: imagegate ended with exit code 2" in log
    assert log.index("junit: [testResults:imagegate-reports/imagegate.xml") < log.index("error: The gate")
    kept = {path.name for path in (tmp_path / "imagegate-reports").iterdir()}
    assert kept == {"imagegate.json", "imagegate.sarif", "imagegate.xml"}


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ("[image: 'docker:app']", 1, "error: The image breaks the policy"),
        (
            "[image: 'docker:app', onViolation: 'unstable']",
            0,
            "unstable: The image breaks the policy\nreturned: 10",
        ),
    ],
)
def test_violated_policy_is_what_was_asked(tmp_path: Path, options: str, code: int, message: str) -> None:
    """Exit code 10 fails the build, or makes it unstable on request."""
    ended, log = image_gate(tmp_path, options, violated(tmp_path))

    assert ended == code, log
    assert message in log


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("[image: 'docker:app', failon: 'high']", "imageGate does not know failon"),
        ("[policy: 'imagegate.yaml']", "imageGate needs an image"),
        ("[image: 'docker:app', version: '-evil']", "script returned exit code 2"),
        ("[image: 'docker:app', onViolation: 'ignore']", "onViolation is 'fail' or 'unstable', not 'ignore'"),
    ],
)
def test_step_refuses_what_it_does_not_know(tmp_path: Path, options: str, message: str) -> None:
    """A misspelt option never weakens the gate in silence."""
    code, log = image_gate(tmp_path, options, violated(tmp_path))

    assert code == 1, log
    assert f"error: {message}" in log

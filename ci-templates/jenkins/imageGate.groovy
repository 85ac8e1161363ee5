// A step for a Jenkins shared library: copy this file to vars/imageGate.groovy of the library, then
//
//     imageGate(image: 'docker:app:1.4', policy: 'imagegate.yaml')
//     imageGate(image: 'docker-archive:image.tar', failOn: 'high', onViolation: 'unstable')
//
// Other keys: db, reports (a folder), version (as pip knows it, such as '1.2.0' or '>=1.2,<2').
// The exit code of imagegate is returned when the build goes on.
int call(Map options = [:]) {
    List<String> known = ['image', 'policy', 'failOn', 'onViolation', 'db', 'reports', 'version']
    List<String> unknown = options.keySet().findAll { key -> !(key in known) } as List
    if (unknown) {
        error("imageGate does not know ${unknown.join(', ')}; it knows ${known.join(', ')}")
    }
    if (!options.image) {
        error('imageGate needs an image')
    }
    String onViolation = options.onViolation ?: 'fail'
    if (!(onViolation in ['fail', 'unstable'])) {
        error("onViolation is 'fail' or 'unstable', not '${onViolation}'")
    }
    String reports = options.reports ?: 'imagegate-reports'

    // Values go through the environment, so that no shell and no Groovy string ever interprets them.
    List<String> values = ["GATE_IMAGE=${options.image}", "GATE_REPORTS=${reports}"]
    values.add("GATE_VERSION=${options.version ?: ''}")
    if (options.policy) {
        values.add("IMAGEGATE_POLICY=${options.policy}")
    }
    if (options.failOn) {
        values.add("IMAGEGATE_FAIL_ON=${options.failOn}")
    }
    if (options.db) {
        values.add("IMAGEGATE_DB=${options.db}")
    }

    int code = 1
    withEnv(values) {
        sh(label: 'install imagegate', script: '''
            rm -f "$GATE_REPORTS/imagegate.json" "$GATE_REPORTS/imagegate.xml" "$GATE_REPORTS/imagegate.sarif"
            mkdir -p .imagegate "$GATE_REPORTS"
            rm -rf .imagegate/venv
            # A bare number or word glued to the name would ask the index for another project.
            case "$GATE_VERSION" in
                "" | ["=<>~!"]*) ;;
                [0-9]*) GATE_VERSION="==$GATE_VERSION" ;;
                *) echo "not a version: $GATE_VERSION" >&2; exit 2 ;;
            esac
            if [ -n "$GATE_VERSION" ] || ! command -v imagegate >/dev/null; then
                python3 -m venv .imagegate/venv
                .imagegate/venv/bin/pip install --quiet -- "imagegate$GATE_VERSION"
            fi
        ''')
        code = sh(label: 'imagegate check', returnStatus: true, script: '''
            if [ -x .imagegate/venv/bin/imagegate ]; then
                PATH="$PWD/.imagegate/venv/bin:$PATH"
            fi
            export IMAGEGATE_DB="${IMAGEGATE_DB:-$PWD/.imagegate/advisories.db}"
            imagegate check \
                --report console \
                --report "json=$GATE_REPORTS/imagegate.json" \
                --report "junit=$GATE_REPORTS/imagegate.xml" \
                --report "sarif=$GATE_REPORTS/imagegate.sarif" \
                -- "$GATE_IMAGE"
        ''')
    }

    junit testResults: "${reports}/imagegate.xml", allowEmptyResults: true, skipMarkingBuildUnstable: true
    recordIssues enabledForFailure: true,
                 tool: sarif(pattern: "${reports}/imagegate.sarif", id: 'imagegate', name: 'Image gate')
    archiveArtifacts artifacts: "${reports}/imagegate.*", allowEmptyArchive: true

    if (code == 10 && onViolation == 'unstable') {
        unstable('The image breaks the policy')
    } else if (code == 10) {
        error('The image breaks the policy')
    } else if (code != 0) {
        error("The gate reached no verdict: imagegate ended with exit code ${code}")
    }
    return code
}

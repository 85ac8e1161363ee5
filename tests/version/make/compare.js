// Reads pairs of versions, tab-separated; prints how node-semver (npm install semver) orders each; "!" for an error.
const semver = require('semver')
for (const line of require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const [left, right] = line.split('\t')
  try { console.log('<=>'[semver.compare(left, right) + 1]) } catch { console.log('!') }
}

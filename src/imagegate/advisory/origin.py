"""Where advisories come from, and the names of what is not an ecosystem."""

BUCKET = "https://storage.googleapis.com/osv-vulnerabilities"  # public, by OSV
CISA = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"

EXPLOITED = "known_exploited_vulnerabilities.json"
SCORES = "cvss"  # CVSS vectors by CVE id, which most distributions leave out

"""Where advisories come from."""

BUCKET = "https://storage.googleapis.com/osv-vulnerabilities"  # public, by OSV
CISA = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"

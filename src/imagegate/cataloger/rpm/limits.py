"""How much of rpm's databases is read: reaching a limit is evidence, never silence."""

LONGEST = 256 << 20  # bytes of one database: two thousand packages with their change logs have that much
STATES = 256 << 20  # bytes of all the states that one database went through
LOG = 32 << 20  # bytes of a log beside it: SQLite moves it into the database every few megabytes
MOST = 200_000  # packages of one database: all of Fedora has fewer

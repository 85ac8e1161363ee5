"""How much of rpm's databases is read: reaching a limit is evidence, never silence."""

LONGEST = 256 << 20  # bytes of one database: two thousand packages with their change logs have that much
STATES = 512 << 20  # bytes of all the states that one database went through
MOST = 200_000  # packages of one database: all of Fedora has fewer

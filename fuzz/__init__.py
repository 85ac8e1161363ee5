"""What every parser of untrusted bytes promises, as functions that raise only for a bug; see README.md."""

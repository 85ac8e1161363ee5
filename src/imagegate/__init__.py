"""imagegate: a gate and build-breaker for container images.

    reference -> source -> inventory -> backend -> findings -> policy -> verdict -> reports, exit code

`gate.py` tells that story from top to bottom; each word above is a folder beside this file.
"""

__version__ = "0.1.0"

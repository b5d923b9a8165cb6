"""How the threads that share a sum wait for each other."""

import os


def wait_asleep() -> None:
    """To be called before torch is imported. What the person has set stays.

    Threads that wait for a sum's other part spin by OpenMP's own choice. Where other programs want
    the processor, a browser that draws the page among them, they hold up each other for the whole
    of their time: small networks then take seconds instead of hundredths.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

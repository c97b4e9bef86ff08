"""Passback: an LTI 1.3 Advantage tool that plays packaged courses and returns every result to the gradebook."""

__version__ = "0.1.0"

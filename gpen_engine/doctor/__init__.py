"""Looks whether everything that restores faces is there and works, and says what mends the rest.

It is meant to run where much is broken: it needs the standard library only, and what loads
PyTorch or other packages happens in a process of its own.
"""

from .examination import examine, main
from .finding import Finding

__all__ = ["Finding", "examine", "main"]

"""The resident engine: one process a user, which keeps its models warm and restores one picture
at a time for whoever asks over the wire.

Importing it is light. PyTorch is loaded in the background, once the engine listens.
"""

from .service import Limits, Service

__all__ = ["Limits", "Service"]

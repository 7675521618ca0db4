"""Weights files: reading them safely, finding out what they are, loading and converting them."""

from .catalogue import find_model
from .convert import convert
from .loading import Checkpoint, load_model, open_checkpoint

__all__ = ["Checkpoint", "convert", "find_model", "load_model", "open_checkpoint"]

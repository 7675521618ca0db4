"""The GPEN network, exact to the published weights; knows nothing of files or pictures."""

from .config import SIZES, GpenConfig
from .gpen import Gpen
from .resnet import ResnetGpen

__all__ = ["SIZES", "Gpen", "GpenConfig", "ResnetGpen"]

"""How well a model restores: named damages and measures for ``gpen bench --quality``."""

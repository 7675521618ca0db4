"""What GPEN's models can do besides restoring: colorize, inpaint, draw from a map, enlarge."""

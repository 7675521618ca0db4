"""Training of GPEN-layout networks: degradations, data, losses and the resumable loop."""

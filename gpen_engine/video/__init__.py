"""Film and video: faces followed from frame to frame, so that what is restored does not flicker."""

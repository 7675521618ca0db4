"""What ``gpen bench`` measures: speed and memory beside what the machine allows."""

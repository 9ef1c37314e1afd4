"""How a check ended, and why, as data."""

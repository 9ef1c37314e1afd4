"""Checks and protocols that several lessons share."""

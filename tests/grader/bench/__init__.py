"""Starts one program, sees what it does, ends it; judges nothing."""

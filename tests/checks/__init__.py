"""What is asked: one file for each lesson."""

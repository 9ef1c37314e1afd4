"""A sentence and its values, bytes and numbers on 80 columns; knows nobody."""

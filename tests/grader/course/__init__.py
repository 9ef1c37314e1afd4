"""Where a lesson's files are and what they say, before a compiler has seen them."""

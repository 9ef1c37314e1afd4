"""The other end of a connection, by transport."""

"""What can be asked for at the command line, and what is kept between two runs."""

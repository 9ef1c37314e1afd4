"""The product: a program goes in, a verdict comes out."""

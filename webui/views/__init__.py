"""The views: each parses, calls one function, and chooses the answer."""

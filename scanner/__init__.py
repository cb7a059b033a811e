"""The scanner: bytes in, facts out.

Two functions are the whole public surface, :func:`scanner.inspect.inspect` and
:func:`scanner.assess.assess`, beside :meth:`scanner.ruleset.Ruleset.load`. Nothing here knows the web, the
database, the queue, the clock, the network or the environment.
"""

"""The front door: the `pratique` command, the web application's composition and the supervisor. No logic."""

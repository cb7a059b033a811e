"""`python -m pratique` is `pratique`."""

from pratique.cli import main

if __name__ == "__main__":
    main(prog_name="pratique")

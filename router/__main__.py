"""`python -m router`: the same as the command `lambda-router`."""

from router.cli import main

if __name__ == "__main__":
    main()

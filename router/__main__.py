"""`python -m router`: the same as the command `lambda-router`."""

import gc

gc.set_threshold(200_000, 20, 100)
"""What a command builds while it starts is no garbage, and looking through it again and again takes a tenth of the time."""

from router.cli import main  # noqa: E402

if __name__ == "__main__":
    main()

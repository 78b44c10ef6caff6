"""``python cli.py ...`` is the same program as the installed ``neurodeploy``."""

from neurodeploy.cli import main

if __name__ == "__main__":
    main()

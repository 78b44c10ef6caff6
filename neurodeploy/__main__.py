"""``python -m neurodeploy``: the same program as the installed command."""

from neurodeploy.cli import main

if __name__ == "__main__":
    main()

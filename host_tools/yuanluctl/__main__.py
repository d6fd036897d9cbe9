"""`python -m host_tools.yuanluctl`: the same as the command `yuanluctl`."""

from host_tools.yuanluctl.cli import main

if __name__ == "__main__":
    main()

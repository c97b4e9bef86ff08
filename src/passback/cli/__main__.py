"""`python -m passback.cli` is `passback`."""

from passback.cli.main import main

main()

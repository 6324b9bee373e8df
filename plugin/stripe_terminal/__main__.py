"""`python -m stripe_terminal`, where no script is on the path."""

from stripe_terminal.cli import main

if __name__ == "__main__":
    main(prog_name="stripe-nodes")

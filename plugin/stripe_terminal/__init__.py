"""The first host: actions and flows of them, from a terminal. Needs the extra `cli`."""

"""How do hosts come in? By doors that are served, and exports that are installed where they are.

The library behind a door, which an extra brings, is imported in that door's files only.
"""

"""What ``install.py`` is made of. Standard library only, and Python 3.9 can read it."""

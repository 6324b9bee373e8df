"""What is installed, and how is one run with all hooks?"""

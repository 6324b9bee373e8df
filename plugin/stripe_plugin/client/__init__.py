"""Whose account, over which connection, driven by whom?"""

"""Derived JSON that builders read; importing it runs no code."""

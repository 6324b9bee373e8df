"""Who is measured beside whom?"""

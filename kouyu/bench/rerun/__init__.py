"""Runs session records again with today's engines instead of the recorded reports, and compares what they make of them.

``virtual_session.py`` is one session in virtual time; ``results.py`` what is counted in it; ``report.py`` the tables.
"""

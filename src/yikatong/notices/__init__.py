"""Notices: what residents are told, in both languages, delivered once.

Owns      notices.notice
Promises  a notice stands with what it tells of or not at all; a message goes out under one id however often it is tried
Asks      a message gateway that takes a message id once
Never     holds a phone number, a name or any other personal field; tells anyone but the resident
"""

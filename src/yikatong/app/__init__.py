"""App: start, command line, HTTP; knows every room and subscribes rooms to events.

Owns      nothing; every table belongs to a room below
Promises  what a room says of a route is what the route does; no input gives a fault
Asks      settings, a database, a clock
Never     decides what a room decides
"""

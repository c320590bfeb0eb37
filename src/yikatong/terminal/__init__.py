"""Terminal: what a terminal runs to serve cards without a network, and to upload later what it served.

Owns      nothing of the platform's database; a memory file of its own, which terminals of one place share
Promises  what it admits was verified and is on the disk before it says yes; a code is admitted once; no allowance gives
          more than it holds; what it admitted is uploaded in order until the platform has answered; a log that was
          cut or forked since it last looked is told by name
Asks      the region's signed lists and sheet while there is a network, each no older than an item allows
Never     says yes where it does not know; opens an alias; takes value for a code that answers nothing
"""

"""Places: regions, and divisions with their history.

Owns      places.region, places.division
Promises  a division code means what it meant on the day asked about; no two meanings of a code overlap in time
Asks      the seed file of divisions (data/divisions.csv)
Never     decides whether one region accepts another's cards
"""

"""Pure rules of programmes: reading sheets and facts, choosing a version, deciding, replaying."""

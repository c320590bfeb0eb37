"""The statements of the room, by noun."""

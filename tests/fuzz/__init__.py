"""Whatever comes from outside, by the million: the API as its document says, and every parser of bytes."""

"""The e-bike trade-in (电动自行车以旧换新): an old bike handed in, a new one bought."""

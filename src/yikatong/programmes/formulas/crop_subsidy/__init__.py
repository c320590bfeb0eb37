"""A subsidy by area and crop (种植补贴)."""

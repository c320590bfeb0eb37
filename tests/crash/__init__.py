"""What was acknowledged outlives every process: kills without warning, under load."""

"""Files that nobody uploads: fetched from an upstream index when they are asked for, or imported by the operator."""

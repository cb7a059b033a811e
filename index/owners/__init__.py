"""What owners and maintainers do with their projects once they are published, and the index with a whole project."""

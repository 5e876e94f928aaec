"""Small composers beside the pipeline, one per family of commands: they join rooms that do not know each other, and speak to the terminal."""

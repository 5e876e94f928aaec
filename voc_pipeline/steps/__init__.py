"""The steps of a run, each reading the store and writing the store, so that each restarts where it stopped."""

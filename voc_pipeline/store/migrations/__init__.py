"""Alembic migrations, run by `open_store`. A change of the tables needs a new file in `versions` and the new `HEAD` in `store/database.py`."""

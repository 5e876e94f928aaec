"""Prefect flows: thin shells around `voc_pipeline.pipeline`. Only a run id and a shard number cross a task's border."""

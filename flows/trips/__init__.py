"""The data path in reading order: month, source, schema, cleaning, table, lake, statistics, features,
training, graph, evaluation, baseline, figures, registry, scoring.

Plain functions over Arrow batches, NumPy arrays and files; neither Prefect nor Flask is known here.
"""

"""The data path in reading order: month, source, schema, cleaning, table, lake, statistics, features,
training, zones, graph, evaluation, baseline, figures, registry, scoring.

Plain functions over Arrow batches, NumPy arrays and files; neither Prefect nor Flask is known here.
"""

from flows.trips.settings import let_waiting_threads_sleep

let_waiting_threads_sleep()  # here, because XGBoost must not be imported before it

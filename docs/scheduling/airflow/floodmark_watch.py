"""One check for surges a day. Goes into Airflow's folder of DAGs (Airflow 3, with the standard provider).

The worker has the program at /usr/local/bin/floodmark and the configuration in /etc/floodmark. What was told is kept in
the store that the configuration names: on a worker of its own a file, otherwise a PostgreSQL database.
"""

from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id="floodmark_watch",
    description="Surges of traffic to state-affiliated news domains",
    schedule="0 6 * * *",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    # Each run judges all that is new; there is nothing to make up for, and never two at once.
    catchup=False,
    max_active_runs=1,
    tags=["floodmark"],
):
    BashOperator(
        task_id="watch",
        bash_command="/usr/local/bin/floodmark watch --config /etc/floodmark/floodmark.toml --deadline 20m --log-format json",
        # A run that failed has kept what it could not deliver; the next attempt delivers it, once.
        retries=2,
        retry_delay=timedelta(minutes=10),
        execution_timeout=timedelta(minutes=30),
        # The program's environment is the worker's, without a copy in the DAG: secrets stay out of the metadata.
        append_env=True,
    )

"""Spark with executors that are processes of their own: they change nothing, and neither does the death of one."""

import os
import signal
import subprocess
import threading
import time

import floodmark
import pytest
from conftest import NOW, TABLES

pyspark = pytest.importorskip("pyspark")
import floodmark.spark
from sessions import sample_in, session

#: Tasks that score: no other stage has as many.
TASKS = 29


def is_that_of_the_command_line(found, expected):
    for table in TABLES:
        assert found.table(table).to_csv() == (expected / f"{table}.csv").read_text(), table
    assert len(found.errors) == 0


def executors(spark):
    words = "CoarseGrainedExecutorBackend.*" + spark.sparkContext.applicationId
    return [int(pid) for pid in subprocess.run(["pgrep", "-f", words], capture_output=True, text=True).stdout.split()]


def kill_while_scoring(spark, killed):
    """Kills an executor when some of the scoring is done and the rest is not."""
    tracker = spark.sparkContext.statusTracker()
    end = time.monotonic() + 300
    while not killed and time.monotonic() < end:
        stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
        running = executors(spark)
        if running and any(s and s.numTasks == TASKS and 0 < s.numCompletedTasks < TASKS for s in stages):
            os.kill(running[0], signal.SIGKILL)
            killed.append(running[0])
        time.sleep(0.05)


def test_an_executor_killed_in_mid_job_changes_nothing(expected):
    spark = session("local-cluster[2,1,1024]", **{"spark.executor.memory": "1g"})
    try:
        traffic, total = sample_in(spark)
        killed = []
        killer = threading.Thread(target=kill_while_scoring, args=(spark, killed), daemon=True)
        killer.start()
        found = floodmark.spark.analyze(traffic, total, now=NOW, partitions=TASKS)
        assert killed, "no executor was killed while it scored"
        is_that_of_the_command_line(found, expected)
    finally:
        spark.stop()


@pytest.fixture
def master(tmp_path):
    """The address of a standalone master with two workers of one core each, on the loopback."""
    home = os.path.dirname(pyspark.__file__)
    env = {**os.environ, "SPARK_HOME": home, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_WORKER_DIR": str(tmp_path / "work")}
    running = []

    def start(name, *words):
        log = tmp_path / f"{name}.log"
        command = [os.path.join(home, "bin", "spark-class"), f"org.apache.spark.deploy.{words[0]}", *words[1:]]
        running.append(subprocess.Popen(command, env=env, stdout=log.open("w"), stderr=subprocess.STDOUT))
        return log

    def wait(log, text):
        end = time.monotonic() + 120
        while text not in log.read_text(errors="replace"):
            assert time.monotonic() < end, f"{log.name}: no '{text}' in: {log.read_text(errors='replace')[-2000:]}"
            time.sleep(0.1)
        return log.read_text(errors="replace").split(text)[1].split()[0]

    try:
        log = start("master", "master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        address = wait(log, "Starting Spark master at ")
        for name in ("first", "second"):
            worker = start(name, "worker.Worker", "--cores", "1", "--memory", "1g", "--webui-port", "0", address)
            wait(worker, "Successfully registered with master ")
        yield address
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(timeout=60)


def test_a_master_with_two_workers_gives_the_same(expected, master):
    spark = session(master, **{"spark.executor.memory": "1g"})
    try:
        traffic, total = sample_in(spark)
        found = floodmark.spark.analyze(traffic, total, now=NOW)
        assert len(executors(spark)) == 2
        is_that_of_the_command_line(found, expected)
    finally:
        spark.stop()
